// SPDX-License-Identifier: MIT
// Runs a row kernel over a batch's rows and reports its share of memcpy's bandwidth, both counted as bytes read plus
// bytes written.
#pragma once

#include <algorithm>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include <slimfit/memory/arena.hpp>
#include <slimfit/rows/group.hpp>

namespace slimfit::bench {

inline constexpr index_t rows = 1576;  ///< 8 images of 197 tokens

/// Bytes per second (read and written) of a large copy, measured once: the best of several, in processor time as Google
/// Benchmark counts the kernels, so that a machine that does something else as well flatters neither.
inline double memcpy_bandwidth() {
  static double const measured = [] {
    constexpr std::size_t bytes = 256U << 20U;
    std::vector<std::byte> from(bytes, std::byte{1});
    std::vector<std::byte> to(bytes, std::byte{2});
    double best = 0;
    for (int i = 0; i < 20; ++i) {
      auto const start = std::clock();
      std::memcpy(to.data(), from.data(), bytes);
      benchmark::DoNotOptimize(to.data());
      benchmark::ClobberMemory();
      double const seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      best = std::max(best, 2.0 * static_cast<double>(bytes) / seconds);
    }
    return best;
  }();
  return measured;
}

inline std::vector<float> normal(index_t count) {
  std::mt19937 engine(1);
  std::normal_distribution<float> draw;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (auto& value : values) { value = draw(engine); }
  return values;
}

/// Memory for what kernels keep.
class tape {
 public:
  tape() : block_(64 * MiB + 64, std::byte{0}), memory_(book_, aligned(block_.data()), 64 * MiB) {}
  arena& memory() { return memory_; }

 private:
  static std::byte* aligned(std::byte* block) {
    return block + (64 - reinterpret_cast<std::uintptr_t>(block) % 64) % 64;
  }
  ledger book_;
  std::vector<std::byte> block_;
  arena memory_;
};

/// @param moved bytes that one pass must read and write
/// @param kept bytes on the tape
inline void report(benchmark::State& state, index_t moved, index_t kept) {
  using benchmark::Counter;
  state.SetBytesProcessed(state.iterations() * moved);
  state.counters["bytes_kept"] = static_cast<double>(kept);
  state.counters["memcpy_fraction"] =
      Counter(static_cast<double>(moved) / memcpy_bandwidth(), Counter::kIsIterationInvariantRate);
}

/// Runs `kernel` for launches [0, count) in every iteration.
template <class Kernel>
void run(benchmark::State& state, index_t count, Kernel const& kernel, index_t moved, index_t kept) {
  for ([[maybe_unused]] auto _ : state) {
    for (index_t row = 0; row < count; ++row) { kernel(serial_group{}, row); }
    benchmark::ClobberMemory();
  }
  report(state, moved, kept);
}

}  // namespace slimfit::bench
