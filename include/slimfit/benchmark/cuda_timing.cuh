// SPDX-License-Identifier: MIT
// Timing on a CUDA device: by events around a number of launches.
#pragma once

#include <algorithm>
#include <memory>

#include <slimfit/backend/cuda.cuh>
#include <slimfit/benchmark/timing.hpp>

namespace slimfit::benchmarks {

/// A point in a stream's work.
class cuda_event {
 public:
  cuda_event() { check(cudaEventCreate(&event_), "event of a benchmark"); }
  cuda_event(cuda_event const&) = delete;
  cuda_event& operator=(cuda_event const&) = delete;
  ~cuda_event() { (void)cudaEventDestroy(event_); }
  void record(cudaStream_t stream) const { check(cudaEventRecord(event_, stream), "event of a benchmark"); }
  /// Seconds since `begin`, after waiting for this one.
  [[nodiscard]] double since(cuda_event const& begin) const {
    float milliseconds = 0;
    check(cudaEventSynchronize(event_), "event of a benchmark");
    check(cudaEventElapsedTime(&milliseconds, begin.event_, event_), "time between events");
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// An attribute of the current device.
inline int attribute_of_device(cudaDeviceAttr which) {
  int device = 0;
  int value = 0;
  check(cudaGetDevice(&device), "current device");
  check(cudaDeviceGetAttribute(&value, which, device), "attribute of the device");
  return value;
}

template <>
struct timing<cuda> {
  static constexpr index_t sequences = 64;

  static char const* missing() {
    int devices = 0;
    return cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0 ? nullptr : "there is no CUDA device";
  }
  static void choose_clock(registered benchmark) { benchmark->Unit(::benchmark::kMicrosecond)->UseManualTime(); }
  static void choose_step_clock(registered benchmark) { benchmark->Unit(::benchmark::kMillisecond)->UseManualTime(); }
  static std::unique_ptr<cuda> make(int /*threads*/) { return std::make_unique<cuda>(); }
  /// An event's resolution does not matter beside `at_once` launches.
  template <class Work>
  static void repeat(::benchmark::State& state, cuda& device, int at_once, Work const& work) {
    cuda_event const begin;
    cuda_event const end;
    for ([[maybe_unused]] auto _ : state) {
      begin.record(device.stream());
      for (int i = 0; i < at_once; ++i) { work(); }
      end.record(device.stream());
      state.SetIterationTime(end.since(begin) / at_once);
    }
  }
  /// No launch finds in the cache what one before it left there.
  static index_t copies(index_t bytes) {
    index_t const cache = attribute_of_device(cudaDevAttrL2CacheSize);
    return std::clamp<index_t>(divide_up(4 * cache, std::max<index_t>(bytes, 1)), 1, 16);
  }
  /// Clock x bus width x 2.
  static double bandwidth() {
    return 2.0 * attribute_of_device(cudaDevAttrMemoryClockRate) * 1e3 *
           attribute_of_device(cudaDevAttrGlobalMemoryBusWidth) / 8;
  }
};

}  // namespace slimfit::benchmarks
