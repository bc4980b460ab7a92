// SPDX-License-Identifier: MIT
// One layer of slimfit's in a training loop that is not slimfit's: the data, the memory, the loss and the loop are the
// program's, as those of another framework would be. The layer reads and writes plain arrays; what it keeps between its
// passes lies in memory that the program's own resource gives. own_cuda_loop.cu is the same on CUDA.
#include <slimfit/slimfit.hpp>

#include <cmath>
#include <cstdio>
#include <memory_resource>
#include <vector>

namespace sf = slimfit;

constexpr int width = 32;
constexpr int rows = 64;

/// The program's own loss between the passes: the mean squared error, and its gradient.
double squared_error(std::vector<float> const& output, std::vector<float> const& target, std::vector<float>& gradient) {
  double sum = 0;
  for (std::size_t i = 0; i < output.size(); ++i) {
    float const difference = output[i] - target[i];
    gradient[i] = 2 * difference / (rows * width);
    sum += difference * difference;
  }
  return sum / (rows * width);
}

// A lone MLP has no normalisation before it that would give its input back, so it keeps that itself while it must.
struct my_policy : sf::policy::slim {
  using linear_input = sf::stash::by_state<sf::stash::dense, sf::stash::none>;
};

int main() {
  std::vector<float> input(rows * width);
  std::vector<float> target(input.size());
  std::vector<float> output(input.size());
  std::vector<float> gradient(input.size());
  for (std::size_t i = 0; i < input.size(); ++i) { input[i] = std::sin(static_cast<float>(i % 1009 * i % 2003)); }
  for (std::size_t i = 0; i < input.size(); ++i) { target[i] = std::fabs(input[i]); }

  std::pmr::unsynchronized_pool_resource memory;
  sf::host device({.memory = sf::memory_of(memory)});
  sf::module<sf::mlp<width, 4 * width, my_policy, float>, sf::host> layer(device, {.learning_rate = 1e-2});
  double first = 0;
  double last = 0;
  for (int step = 0; step < 60; ++step) {
    layer.forward(rows, {.input = input.data()}, {.output = output.data()});
    last = squared_error(output, target, gradient);
    layer.backward({.output_gradient = gradient.data()}, {.input_gradient = gradient.data()});
    if (step == 0) { first = last; }
    if (step % 10 == 0) {
      std::printf("step %2d  error %.4f  kept %lld bytes\n", step, last, static_cast<long long>(layer.stored()));
    }
  }
  layer.finish();
  return last < 0.2 * first ? 0 : 1;
}
