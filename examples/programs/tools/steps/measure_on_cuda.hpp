// SPDX-License-Identifier: MIT
// How steps on a CUDA device are measured.
#pragma once

#include <slimfit/cuda.cuh>

#include "measure_steps.hpp"

namespace examples {

namespace detail {

/// A stream of the program's own, which CUDA can record.
class own_stream {
 public:
  own_stream() { slimfit::check(cudaStreamCreate(&stream_), "stream"); }
  own_stream(own_stream const&) = delete;
  own_stream& operator=(own_stream const&) = delete;
  ~own_stream() { (void)cudaStreamDestroy(stream_); }
  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// Keeps the pages of `values` in place, as a loader of batches would, so that the device fetches them by itself.
template <class T>
class pinned_values {
 public:
  explicit pinned_values(std::vector<T>& values) : data_(values.data()) {
    slimfit::check(cudaHostRegister(data_, values.size() * sizeof(T), cudaHostRegisterDefault), "pinned batch");
  }
  pinned_values(pinned_values const&) = delete;
  pinned_values& operator=(pinned_values const&) = delete;
  ~pinned_values() { (void)cudaHostUnregister(data_); }

 private:
  T* data_;
};

/// Follows the memory of the current device from its construction on.
class device_memory_meter {
 public:
  device_memory_meter() {
    slimfit::check(cudaGetDevice(&device_), "current device");
    slimfit::check(cudaDeviceGetMemPool(&pool_, device_), "the device's memory pool");
    forget_peak(cudaMemPoolAttrUsedMemHigh);
    forget_peak(cudaMemPoolAttrReservedMemHigh);
    free_before_ = free_bytes();
    least_free_ = free_before_;
  }
  void look() { least_free_ = std::min(least_free_, free_bytes()); }
  [[nodiscard]] device_memory result() const {
    cudaDeviceProp properties{};
    slimfit::check(cudaGetDeviceProperties(&properties, device_), "properties of the device");
    return {properties.name, peak(cudaMemPoolAttrUsedMemHigh), peak(cudaMemPoolAttrReservedMemHigh),
            free_before_ - least_free_};
  }

 private:
  static index_t free_bytes() {
    std::size_t free = 0;
    std::size_t total = 0;
    slimfit::check(cudaMemGetInfo(&free, &total), "free memory of the device");
    return static_cast<index_t>(free);
  }
  void forget_peak(cudaMemPoolAttr which) {
    std::uint64_t zero = 0;  // CUDA takes no other number
    slimfit::check(cudaMemPoolSetAttribute(pool_, which, &zero), "peak of the memory pool");
  }
  [[nodiscard]] index_t peak(cudaMemPoolAttr which) const {
    std::uint64_t bytes = 0;
    slimfit::check(cudaMemPoolGetAttribute(pool_, which, &bytes), "peak of the memory pool");
    return static_cast<index_t>(bytes);
  }

  int device_ = 0;
  cudaMemPool_t pool_ = nullptr;
  index_t free_before_ = 0;
  index_t least_free_ = 0;
};

}  // namespace detail

/// Trains the named model on random data.
/// @tparam Entry one of models.hpp
/// @throws slimfit::error
template <class Entry, class Policy, class T>
step_measurement measure_on_cuda(step_request const& request, slimfit::single const& alone) {
  using model = typename Entry::template model<Policy, slimfit::cuda, T>;
  // The first chooses products' algorithms and loads kernels; the second is recorded or replayed like all others.
  constexpr int warm_up_steps = 2;
  auto result = detail::measurement_of<Policy>(request);
  detail::own_stream const stream;
  slimfit::cuda device({.stream = stream.get()});
  device.synchronize();
  detail::device_memory_meter meter;
  detail::step_training<model, slimfit::single> training(device, result.request, alone);
  detail::pinned_values const pinned(training.batch().inputs);
  for (int i = 0; i < warm_up_steps; ++i) {
    auto const usage = training.step().measured;
    if (i == 0) { result.first = usage; }
    meter.look();
  }
  for (int i = 0; i < request.steps; ++i) {
    training.measure_step(result);
    meter.look();
  }
  result.device = meter.result();
  if (request.record) { training.record_step(result); }
  return result;
}

}  // namespace examples
