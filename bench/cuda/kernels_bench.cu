// SPDX-License-Identifier: MIT
// Times each case of the list on the device, by events around a number of launches. Reports bytes per second, counted
// as the fewest that the kernel could move, and their share of the memory's peak (clock x bus width x 2); of attention,
// the operations of its matrix products per second too. Two JSON
// files that `--benchmark_out` wrote can be compared by Google Benchmark's tools/compare.py.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <memory>

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

/// Copies of a case's memory, used in turn, so that no launch finds in the cache what one before it left there.
index_t copies_beyond_cache(index_t bytes) {
  int device = 0;
  int cache = 0;
  check(cudaGetDevice(&device), "current device");
  check(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, device), "size of the second-level cache");
  return std::clamp<index_t>(divide_up(4 * static_cast<index_t>(cache), bytes), 1, 16);
}

void time_case(benchmark::State& state, bench::kernel_case const& each) {
  cuda device;
  bench::coded_blocks coded;
  std::vector<std::unique_ptr<bench::workspace>> memory;
  std::vector<std::function<void()>> launches;
  index_t copies = 1;
  for (index_t i = 0; i < copies; ++i) {
    memory.push_back(std::make_unique<bench::workspace>(&device, sequences, &coded));
    launches.push_back(each.prepare(*memory.back()));
    launches.back()();  // loads the kernel
    copies = copies_beyond_cache(memory.back()->bytes_least());
  }
  device.synchronize();
  constexpr int at_once = 16;  // so that an event's resolution does not matter
  std::size_t next = 0;
  event const begin;
  event const end;
  for ([[maybe_unused]] auto _ : state) {
    begin.record(device.stream());
    for (int i = 0; i < at_once; ++i) { launches[next++ % launches.size()](); }
    end.record(device.stream());
    state.SetIterationTime(end.since(begin) / at_once);
  }
  using benchmark::Counter;
  auto const& one = *memory.front();
  state.SetBytesProcessed(state.iterations() * one.bytes_least());
  auto const bytes = static_cast<double>(one.bytes_least());
  state.counters["bandwidth_fraction"] = Counter(bytes / memory_bandwidth(), Counter::kIsIterationInvariantRate);
  state.counters["bytes_kept"] = static_cast<double>(one.bytes_kept());
  if (one.flops() > 0) {
    state.counters["flops"] = Counter(static_cast<double>(one.flops()), Counter::kIsIterationInvariantRate);
  }
}

/// What kernels are compared with.
void time_copy(benchmark::State& state) {
  constexpr index_t bytes = 256 * MiB;
  cuda device;
  buffer<std::byte, cuda_resource> const source(device.memory(), bytes, category::data);
  buffer<std::byte, cuda_resource> const target(device.memory(), bytes, category::data);
  device.fill_zero(source.data(), bytes);
  event const begin;
  event const end;
  for ([[maybe_unused]] auto _ : state) {
    begin.record(device.stream());
    device.copy(source.data(), target.data(), bytes);
    end.record(device.stream());
    state.SetIterationTime(end.since(begin));
  }
  state.SetBytesProcessed(state.iterations() * 2 * bytes);
  state.counters["bandwidth_fraction"] = benchmark::Counter(2 * static_cast<double>(bytes) / memory_bandwidth(),
                                                            benchmark::Counter::kIsIterationInvariantRate);
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
  benchmark::RegisterBenchmark("copy/256 MiB", time_copy)->UseManualTime()->Unit(benchmark::kMicrosecond);
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
