// SPDX-License-Identifier: MIT
// Modules on CUDA beside the host: two of them on two streams, step by step in turns, in memory of the program's.
#include <doctest/doctest.h>

#include <slimfit/backend/host.hpp>
#include <slimfit/cuda.cuh>
#include <slimfit/freezing/gradient_norm.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/module.hpp>

#include <thrust/device_vector.h>
#include <thrust/system/cuda/memory_resource.h>

#include "support/fixture.hpp"

using namespace slimfit;

namespace {

constexpr int width = 32;
constexpr index_t tokens = 6;
constexpr index_t sequences = 4;
constexpr index_t numbers = sequences * tokens * width;
constexpr int steps = 6;

using block_type = pre_norm_block<width, 4, 64, policy::slim, float>;
template <class Device>
using module_type = module<block_type, Device, adamw, freezing::inter_layer<freezing::gradient_norm, percent<50>>>;

/// A module and its rows, whose output should become 0: the gradient is the output.
template <class Device, class Rows>
class training {
 public:
  training(Device& device, std::uint64_t seed)
      : layer_(device, {.learning_rate = 1e-3}, {.seed = seed}), input_(numbers), output_(numbers) {
    auto const values = test::normal<float>(numbers, static_cast<unsigned>(seed));
    std::vector<float> const plain(values.begin(), values.end());
    input_ = Rows(plain.begin(), plain.end());
  }
  void step() {
    layer_.forward(sequence_batch(sequences, tokens), {.input = data(input_)}, {.output = data(output_)});
    layer_.backward({.output_gradient = data(output_)}, {.input_gradient = data(output_)});
  }
  /// The gradient of the input in the last step.
  [[nodiscard]] std::vector<float> result() {
    layer_.finish();
    std::vector<float> values(numbers);
    layer_.device().copy(data(output_), values.data(), numbers);
    return values;
  }
  [[nodiscard]] active_set const& active() const { return layer_.active(); }
  [[nodiscard]] index_t measured() const { return layer_.measured(); }

 private:
  static float* data(std::vector<float>& rows) { return rows.data(); }
  static float* data(thrust::device_vector<float>& rows) { return rows.data().get(); }

  module_type<Device> layer_;
  Rows input_;
  Rows output_;
};

/// Counts the bytes that it gives, from cudaMallocAsync on a stream.
struct counting_memory {
  cudaStream_t stream;
  std::size_t held = 0;

  void* allocate(std::size_t bytes, std::size_t /*alignment*/) {
    void* memory = nullptr;
    if (cudaMallocAsync(&memory, bytes, stream) != cudaSuccess) { throw std::bad_alloc(); }
    held += bytes;
    return memory;
  }
  void deallocate(void* memory, std::size_t bytes, std::size_t /*alignment*/) {
    held -= bytes;
    CHECK(cudaFreeAsync(memory, stream) == cudaSuccess);
  }
};

void check_follows_host(training<slimfit::cuda, thrust::device_vector<float>>& actual, std::uint64_t seed) {
  host device({.threads = 1});
  training<host, std::vector<float>> expected(device, seed);
  for (int i = 0; i < steps; ++i) { expected.step(); }
  CHECK(test::relative_error(actual.result(), expected.result()) < 1e-3);
  CHECK(actual.active() == expected.active());
  CHECK(actual.measured() > 0);
}

}  // namespace

TEST_CASE("two modules on two streams do what they do on the host") {
  cudaStream_t streams[2]{};
  for (auto& each : streams) { check(cudaStreamCreate(&each), "stream"); }
  {
    slimfit::cuda first_device({.stream = streams[0]});
    slimfit::cuda second_device({.stream = streams[1]});
    training<slimfit::cuda, thrust::device_vector<float>> first(first_device, 3);
    training<slimfit::cuda, thrust::device_vector<float>> second(second_device, 4);
    for (int i = 0; i < steps; ++i) {
      first.step();
      second.step();
    }
    check_follows_host(first, 3);
    check_follows_host(second, 4);
  }
  for (auto const each : streams) { check(cudaStreamDestroy(each), "stream"); }
}

TEST_CASE("a backend works in memory of the program's, and gives it back") {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreate(&stream), "stream");
  counting_memory own{stream};
  {
    slimfit::cuda device({.stream = stream, .memory = memory_of(own)});
    training<slimfit::cuda, thrust::device_vector<float>> each(device, 5);
    for (int i = 0; i < steps; ++i) { each.step(); }
    check_follows_host(each, 5);
    CHECK(static_cast<index_t>(own.held) == device.memory().reserved());
  }
  CHECK(own.held == 0);
  check(cudaStreamDestroy(stream), "stream");
}

TEST_CASE("Thrust's memory resources will do") {
  thrust::system::cuda::memory_resource resource;
  slimfit::cuda device({.memory = memory_of(resource)});
  training<slimfit::cuda, thrust::device_vector<float>> each(device, 6);
  for (int i = 0; i < steps; ++i) { each.step(); }
  check_follows_host(each, 6);
}
