// SPDX-License-Identifier: MIT
// Timing on the host: kernels in processor time on one thread, layers and steps by the clock on all threads.
#pragma once

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>
#include <vector>

#include <slimfit/backend/host.hpp>
#include <slimfit/benchmark/timing.hpp>

namespace slimfit::benchmarks {

/// Bytes per second (read and written) of a large copy, measured once: the best of several, in processor time as Google
/// Benchmark counts the kernels, so that a machine that does something else as well flatters neither.
inline double copy_bandwidth() {
  static double const measured = [] {
    constexpr std::size_t bytes = 256U << 20U;
    std::vector<std::byte> from(bytes, std::byte{1});
    std::vector<std::byte> to(bytes, std::byte{2});
    double best = 0;
    for (int i = 0; i < 20; ++i) {
      auto const start = std::clock();
      std::memcpy(to.data(), from.data(), bytes);
      ::benchmark::DoNotOptimize(to.data());
      ::benchmark::ClobberMemory();
      double const seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      best = std::max(best, 2.0 * static_cast<double>(bytes) / seconds);
    }
    return best;
  }();
  return measured;
}

/// The host, and backends that derive from it.
template <class Device>
requires std::derived_from<Device, host>
struct timing<Device> {
  static constexpr index_t sequences = 8;

  static char const* missing() { return nullptr; }
  static void choose_clock(registered benchmark) { benchmark->Unit(::benchmark::kMicrosecond); }
  static void choose_step_clock(registered benchmark) {
    benchmark->Unit(::benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
  }
  static std::unique_ptr<Device> make(int threads) {
    return std::make_unique<Device>(host_options{.threads = threads});
  }
  template <class Work>
  static void repeat(::benchmark::State& state, Device& /*device*/, int /*at_once*/, Work const& work) {
    for ([[maybe_unused]] auto _ : state) {
      work();
      ::benchmark::ClobberMemory();
    }
  }
  static index_t copies(index_t /*bytes*/) { return 1; }
  static double bandwidth() { return copy_bandwidth(); }
};

}  // namespace slimfit::benchmarks
