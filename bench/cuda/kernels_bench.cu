// SPDX-License-Identifier: MIT
// Times each case of the list on the device, by events around a number of launches. Reports bytes per second, counted
// as the fewest that the kernel could move, and their share of the memory's peak (clock x bus width x 2). Two JSON
// files that `--benchmark_out` wrote can be compared by Google Benchmark's tools/compare.py.
#include <benchmark/benchmark.h>

#include <cstdio>

#include "kernel_cases.cuh"

namespace {

using namespace slimfit;

constexpr index_t sequences = 64;

/// Bytes per second that the memory of the current device can move at most.
double memory_bandwidth() {
  int device = 0;
  int kilohertz = 0;
  int bits = 0;
  check(cudaGetDevice(&device), "current device");
  check(cudaDeviceGetAttribute(&kilohertz, cudaDevAttrMemoryClockRate, device), "memory clock");
  check(cudaDeviceGetAttribute(&bits, cudaDevAttrGlobalMemoryBusWidth, device), "memory bus width");
  return 2.0 * kilohertz * 1e3 * bits / 8;
}

class event {
 public:
  event() { check(cudaEventCreate(&event_), "event of a benchmark"); }
  event(event const&) = delete;
  event& operator=(event const&) = delete;
  ~event() { (void)cudaEventDestroy(event_); }
  void record(cudaStream_t stream) const { check(cudaEventRecord(event_, stream), "event of a benchmark"); }
  /// Seconds since `begin`, after waiting for this one.
  [[nodiscard]] double since(event const& begin) const {
    float milliseconds = 0;
    check(cudaEventSynchronize(event_), "event of a benchmark");
    check(cudaEventElapsedTime(&milliseconds, begin.event_, event_), "time between events");
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

void time_case(benchmark::State& state, bench::kernel_case const& each) {
  cuda device;
  bench::workspace memory(&device, sequences);
  auto const launch = each.prepare(memory);
  launch();  // loads the kernel
  device.synchronize();
  constexpr int launches = 10;  // so that an event's resolution does not matter
  event const begin;
  event const end;
  for ([[maybe_unused]] auto _ : state) {
    begin.record(device.stream());
    for (int i = 0; i < launches; ++i) { launch(); }
    end.record(device.stream());
    state.SetIterationTime(end.since(begin) / launches);
  }
  using benchmark::Counter;
  auto const bytes = static_cast<double>(memory.bytes_least());
  state.SetBytesProcessed(state.iterations() * memory.bytes_least());
  state.counters["bandwidth_fraction"] = Counter(bytes / memory_bandwidth(), Counter::kIsIterationInvariantRate);
  state.counters["bytes_kept"] = static_cast<double>(memory.bytes_kept());
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
  int devices = 0;
  auto const status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess || devices == 0) {
    constexpr int skipped = 77;
    std::printf("skipped: no CUDA device (%s)\n", cudaGetErrorString(status));
    return skipped;
  }
  for (auto const& each : bench::kernel_cases()) {
    auto const name = each.kernel + "/" + each.shape(sequences * bench::workspace::tokens);
    benchmark::RegisterBenchmark(name.c_str(), [&each](benchmark::State& state) { time_case(state, each); })
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
