// SPDX-License-Identifier: MIT
// A training loop of one's own on CUDA: a transformer block of slimfit's between the program's kernels, in the
// program's own memory and on its own stream. It learns to tell how much of a sequence's first token each token has.
#include <cmath>
#include <cstdio>

#include <thrust/device_vector.h>
#include <thrust/host_vector.h>

#include <slimfit/cuda.cuh>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/module.hpp>

namespace sf = slimfit;

constexpr int width = 64;
constexpr int sequences = 8;
constexpr int tokens = 16;
constexpr int numbers = sequences * tokens * width;

/// The program's own kernel between the passes: squared error and its gradient.
__global__ void squared_error(float const* output, float const* target, float* gradient, float* error) {
  int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  float const difference = output[i] - target[i];
  gradient[i] = 2 * difference / numbers;
  error[i] = difference * difference / numbers;
}

/// Waits for the step and prints its error.
void report(int step, thrust::device_vector<float> const& error, sf::index_t kept) {
  sf::check(cudaDeviceSynchronize(), "step");
  thrust::host_vector<float> const errors = error;
  double sum = 0;
  for (float const each : errors) { sum += static_cast<double>(each); }
  std::printf("step %2d  error %.4f  kept %lld bytes\n", step, sum, static_cast<long long>(kept));
}

int main() {
  // The program's own data.
  thrust::host_vector<float> x(numbers);
  thrust::host_vector<float> y(numbers);
  for (int i = 0; i < numbers; ++i) { x[i] = std::sin(static_cast<float>(i % 1009 * i % 2003)); }
  for (int i = 0; i < numbers; ++i) { y[i] = x[i] + x[i / (tokens * width) * (tokens * width) + i % width]; }
  thrust::device_vector<float> const input = x;
  thrust::device_vector<float> const target = y;
  thrust::device_vector<float> output(numbers);
  thrust::device_vector<float> gradient(numbers);
  thrust::device_vector<float> error(numbers);
  cudaStream_t stream = nullptr;
  sf::check(cudaStreamCreate(&stream), "stream");
  {
    using block = sf::pre_norm_block<width, 4, 4 * width, sf::policy::slim, float>;
    sf::cuda device({.stream = stream});
    sf::module<block, sf::cuda, sf::adamw, sf::policy::slim::freezing> layer(device, {.learning_rate = 1e-2});
    sf::sequence_batch const batch(sequences, tokens);
    for (int step = 0; step < 40; ++step) {
      layer.forward(batch, {.input = input.data().get()}, {.output = output.data().get()});
      squared_error<<<numbers / 256, 256, 0, stream>>>(output.data().get(), target.data().get(), gradient.data().get(),
                                                       error.data().get());
      layer.backward({.output_gradient = gradient.data().get()}, {.input_gradient = gradient.data().get()});
      if (step % 13 == 0) { report(step, error, layer.stored()); }
    }
    layer.finish();
  }
  sf::check(cudaStreamDestroy(stream), "stream");
  return 0;
}
