// SPDX-License-Identifier: MIT
// Times each case of the list on the device, by events around a number of launches. Reports bytes per second, counted
// as the fewest that the kernel could move, and their share of the memory's peak (clock x bus width x 2); of attention,
// the operations of its matrix products per second too. Two JSON files that `--benchmark_out` wrote can be compared by
// Google Benchmark's tools/compare.py.
#include <cstdio>

#include <slimfit/benchmark.hpp>

#include "kernel_cases.cuh"

int main(int argc, char** argv) {
  using namespace slimfit;
  using timing = benchmarks::timing<cuda>;
  if (char const* const missing = timing::missing()) {
    constexpr int skipped = 77;
    std::printf("skipped: %s\n", missing);
    return skipped;
  }
  benchmarks::copy<cuda>("copy/256 MiB");
  for (auto const& each : bench::kernel_cases()) {
    auto const name = each.kernel + "/" + each.shape(timing::sequences * bench::sequence_tokens);
    timing::choose_clock(benchmark::RegisterBenchmark(
        name.c_str(), [&each](benchmark::State& state) { benchmarks::time_launches<cuda>(state, {}, each.prepare); }));
  }
  return benchmarks::run(argc, argv);
}
