// SPDX-License-Identifier: MIT
// Training steps in a process that computes with OpenMP too: the seconds of a step before the first parallel region,
// when there are no such threads, and while threads that the region left wait for the next. OMP_WAIT_POLICY=active lets
// them spin for good. Prints the least and the median of each, and their ratio.
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <slimfit/slimfit.hpp>
#include <vector>

namespace sf = slimfit;

namespace {

constexpr sf::vit_shape shape{
    .image = 112, .patch = 16, .channels = 3, .hidden = 384, .heads = 6, .mlp = 1536, .layers = 6, .classes = 10};
using model = sf::vit<shape, sf::policy::slim, sf::host>;
constexpr int batch = 16;
constexpr int repetitions = 15;

struct seconds_of_steps {
  double least;
  double median;
};

template <class Step>
seconds_of_steps measure(Step const& step) {
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) {
    auto const start = std::chrono::steady_clock::now();
    step();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds.front(), seconds[seconds.size() / 2]};
}

}  // namespace

int main() {
  sf::host device;
  model net(device, 1);
  sf::trainer trainer{net, sf::adamw{.learning_rate = 1e-4}};
  std::vector<float> const images(batch * model::network_type::inputs, 0.5F);
  std::vector<std::int32_t> const labels(batch, 7);
  auto const step = [&] { trainer.step(images, labels); };
  step();
  auto const alone = measure(step);
  double total = 0;
  int const threads = omp_get_num_procs();
  int used = 0;
#pragma omp parallel num_threads(threads) reduction(+ : total)
  {
    total += omp_get_thread_num();
    if (omp_get_thread_num() == 0) { used = omp_get_num_threads(); }
  }
  auto const beside = measure(step);
  std::printf("threads of slimfit %d, of OpenMP %d (%g)\n", device.threads(), used, total);
  std::printf("alone          least %.4f s, median %.4f s\n", alone.least, alone.median);
  std::printf("beside OpenMP  least %.4f s, median %.4f s\n", beside.least, beside.median);
  std::printf("ratio          least %.2f, median %.2f\n", beside.least / alone.least, beside.median / alone.median);
}
