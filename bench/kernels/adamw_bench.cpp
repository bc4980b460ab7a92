// SPDX-License-Identifier: MIT
// Memory bandwidth of the AdamW kernel against memcpy in the same program, on one core. AdamW in float moves 28 bytes
// an element: four reads and three writes; memcpy's reads and writes both count.
#include <benchmark/benchmark.h>
#include <slimfit/backend/host.hpp>
#include <slimfit/optim/adamw.hpp>

#include <chrono>
#include <cstring>
#include <vector>

namespace {

using slimfit::index_t;

/// Bytes per second of the best of some large copies.
double memcpy_bandwidth() {
  static double const best = [] {
    std::size_t const bytes = std::size_t{256} << 20U;
    std::vector<char> source(bytes, 1);
    std::vector<char> target(bytes, 2);
    double fastest = 0;
    for (int i = 0; i < 10; ++i) {
      auto const start = std::chrono::steady_clock::now();
      std::memcpy(target.data(), source.data(), bytes);
      benchmark::DoNotOptimize(target.data());
      benchmark::ClobberMemory();
      std::chrono::duration<double> const time = std::chrono::steady_clock::now() - start;
      fastest = std::max(fastest, 2.0 * static_cast<double>(bytes) / time.count());
    }
    return fastest;
  }();
  return best;
}

void adamw_update(benchmark::State& state) {
  index_t const count = state.range(0);
  slimfit::host backend({.threads = 1});
  slimfit::adamw::optimizer<slimfit::host, float> optimizer(backend, {.learning_rate = 1e-9}, 1, count);
  std::vector<float> weights(static_cast<std::size_t>(count), 0.5F);
  std::vector<float> const gradient(static_cast<std::size_t>(count), 0.01F);
  for (auto _ : state) {
    benchmark::DoNotOptimize(optimizer.update(0, weights.data(), gradient.data(), count));
    benchmark::ClobberMemory();
  }
  double const bytes = 28.0 * static_cast<double>(count) * static_cast<double>(state.iterations());
  state.counters["bytes"] = benchmark::Counter(bytes, benchmark::Counter::kIsRate, benchmark::Counter::kIs1024);
  state.counters["memcpy_fraction"] = benchmark::Counter(bytes / memcpy_bandwidth(), benchmark::Counter::kIsRate);
}

}  // namespace

BENCHMARK(adamw_update)->Arg(768 * 768)->Arg(768 * 3072)->Arg(30522 * 768)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
