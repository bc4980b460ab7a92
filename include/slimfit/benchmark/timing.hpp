// SPDX-License-Identifier: MIT
// How Google Benchmark times work on a backend. CUDA's way is in cuda_timing.cuh, the host's in host_timing.hpp.
#pragma once

#if !__has_include(<benchmark/benchmark.h>)
#error \
    "slimfit/benchmark.hpp needs Google Benchmark: install it, e.g. libbenchmark-dev on Debian, and link benchmark::benchmark"
#endif
#include <utility>

#include <benchmark/benchmark.h>

#include <slimfit/core/config.hpp>

namespace slimfit::benchmarks {

/// What registration gives back: Google Benchmark's own object, for `->MinTime(...)`, `->Repetitions(...)` and the
/// like.
using registered = decltype(::benchmark::RegisterBenchmark(std::declval<char const*>(),
                                                           std::declval<void (*)(::benchmark::State&)>()));

/// How work on `Device` is timed. A backend of one's own specialises it with
///  - `sequences`: the batch of 197 rows each that kernels are timed with, enough to keep the device busy;
///  - `missing()`: why nothing can run on this machine, or null;
///  - `choose_clock(registered)`: what Google Benchmark reports as the time of kernels;
///  - `choose_step_clock(registered)`: the same for layers and steps, which may run on several threads;
///  - `make(threads)`: a device; 0 threads are as many as the machine has;
///  - `repeat(state, device, at_once, work)`: calls `work()` at_once times for each iteration that `state` asks for;
///  - `copies(bytes)`: of a kernel's memory, used in turn, so that caches do not hold it;
///  - `bandwidth()`: bytes per second that its memory reads and writes at most.
template <class Device>
struct timing;

/// Counters of a benchmark that moves `bytes` at least and keeps `kept`.
template <class Device>
void report_bytes(::benchmark::State& state, index_t bytes, index_t kept) {
  using ::benchmark::Counter;
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["bytes_least"] = static_cast<double>(bytes);
  state.counters["bytes_kept"] = static_cast<double>(kept);
  state.counters["bandwidth_fraction"] =
      Counter(static_cast<double>(bytes) / timing<Device>::bandwidth(), Counter::kIsIterationInvariantRate);
}

/// Whether the benchmark can run here; otherwise it is reported as an error.
template <class Device>
bool can_run(::benchmark::State& state) {
  char const* const missing = timing<Device>::missing();
  if (missing != nullptr) { state.SkipWithError(missing); }
  return missing == nullptr;
}

}  // namespace slimfit::benchmarks
