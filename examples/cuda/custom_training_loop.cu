// SPDX-License-Identifier: MIT
// A training loop of one's own on CUDA: single slimfit layers and stashes between the program's kernels, without model
// classes or trainer. A two-layer perceptron learns y = sin(3 x0) + x1 x2; GELU keeps 4 bits per element.
#include <cmath>
#include <cstdio>
#include <vector>

#include <slimfit/cuda.cuh>
#include <slimfit/layers/linear.hpp>
#include <slimfit/layers/mlp.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/pass/bind.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/updates.hpp>

namespace sf = slimfit;

constexpr int features = 16;
constexpr int hidden = 256;
constexpr sf::index_t rows = 512;

/// The program's own kernel between the layers' passes: mean squared error and its gradient.
__global__ void squared_error(float const* output, float const* target, float* gradient, float* error) {
  auto const row = static_cast<sf::index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  for (int i = 0; i < features; ++i) {  // only the first output counts
    gradient[row * features + i] = i == 0 ? 2 * (output[row * features] - target[row]) / rows : 0.0F;
  }
  float const difference = output[row * features] - target[row];
  error[row] = difference * difference;
}

int main() {
  cudaStream_t stream = nullptr;
  sf::check(cudaStreamCreate(&stream), "stream");
  {
    sf::cuda device({.stream = stream});

    // Layers with their weights in memory of our own.
    sf::mlp<features, hidden, sf::policy::slim, float> layer;
    auto visit = [&](auto&& visitor) {
      layer.visit([&](sf::parameter<float>& each, std::string const&) { visitor(each); }, std::string("first"),
                  std::string("second"));
    };
    std::vector<sf::parameter<float>> parameters;
    std::vector<sf::buffer<float, sf::cuda_resource>> weights;
    visit([&](sf::parameter<float>& each) {
      std::vector<float> values(static_cast<std::size_t>(each.count()));
      for (std::size_t i = 0; i < values.size() && each.rank == 2; ++i) {
        values[i] = std::sin(12.9898F * static_cast<float>(i + 1)) / std::sqrt(static_cast<float>(each.shape[1]));
      }
      weights.emplace_back(device.memory(), each.count(), sf::category::weights);
      device.copy(values.data(), weights.back().data(), each.count());
      each.data = weights.back().data();
      each.position = static_cast<int>(parameters.size());
      parameters.push_back(each);
    });
    using optimizer_type = sf::adamw::optimizer<sf::cuda, float>;
    optimizer_type optimizer(device, {.learning_rate = 3e-3}, 4, hidden * features);

    // Data of our own on the device, and one block for everything that is kept or temporary.
    std::vector<float> inputs(rows * features);
    std::vector<float> targets(rows);
    for (std::size_t i = 0; i < inputs.size(); ++i) { inputs[i] = std::sin(static_cast<float>(i * i % 1009)); }
    for (std::size_t r = 0; r < targets.size(); ++r) {
      float const* const x = &inputs[r * features];
      targets[r] = std::sin(3 * x[0]) + x[1] * x[2];
    }
    sf::buffer<float, sf::cuda_resource> input(device.memory(), rows * features, sf::category::data);
    sf::buffer<float, sf::cuda_resource> target(device.memory(), rows, sf::category::data);
    sf::buffer<float, sf::cuda_resource> error(device.memory(), rows, sf::category::data);
    device.copy(inputs.data(), input.data(), input.size());
    device.copy(targets.data(), target.data(), target.size());
    sf::buffer<std::byte, sf::cuda_resource> block(device.memory(), 8 * sf::MiB, sf::category::workspace);

    for (int step = 0; step < 60; ++step) {
      optimizer.begin_step();
      sf::ledger book;
      sf::arena memory(book, block.data(), block.size());
      sf::releasing_updates<optimizer_type> updates{optimizer};
      sf::context<sf::cuda, decltype(updates)> run{
          device, memory, updates, sf::active_set::none(), true, 0, static_cast<std::uint32_t>(step)};

      auto const output = run.scratch<float>(rows * features);
      auto const kept = layer.keep(run, rows);
      layer.apply(run, input.data(), kept, {}, rows, nullptr, output.data());
      book.forward_ended();
      auto const gradient = run.scratch<float>(rows * features);
      squared_error<<<rows / 128, 128, 0, stream>>>(output.data(), target.data(), gradient.data(), error.data());
      {
        decltype(layer)::gradients<decltype(updates)> sums(run, layer);
        layer.apply_backward(run, kept.input, kept, gradient.data(), {}, rows, gradient.data(),
                             sf::update_mode::overwrite, sums, sf::update_mode::overwrite);
        sums.finish(run, layer);
      }
      layer.release(run, kept);

      if (step % 20 == 0 || step == 59) {
        std::vector<float> errors(rows);
        device.copy(error.data(), errors.data(), rows);
        double mean = 0;
        for (float const each : errors) { mean += static_cast<double>(each) / rows; }
        std::printf("step %2d  error %.4f  kept %lld bytes\n", step, mean, static_cast<long long>(book.peaks().stored));
      }
    }
  }
  sf::check(cudaStreamDestroy(stream), "stream");
  return 0;
}
