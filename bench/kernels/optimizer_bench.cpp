// SPDX-License-Identifier: MIT
// Bandwidth of the optimizers on one core. AdamW in float moves 28 bytes an element: four reads and three writes.
#include <slimfit/backend/host.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/optim/sgd.hpp>

#include "support.hpp"

using namespace slimfit;

namespace {

template <class Options>
void optimizer_bench(benchmark::State& state, Options const& options, index_t bytes) {
  index_t const count = state.range(0);
  host backend({.threads = 1});
  typename Options::template optimizer<host, float> optimizer(backend, options, 1, count);
  std::vector<float> weights(static_cast<std::size_t>(count), 0.5F);
  std::vector<float> const gradient(static_cast<std::size_t>(count), 0.01F);
  optimizer.update(0, weights.data(), gradient.data(), count);  // creates the moments
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(optimizer.update(0, weights.data(), gradient.data(), count));
    benchmark::ClobberMemory();
  }
  bench::report(state, bytes * count, options.template moment_bytes<float>(count));
}
void adamw_bench(benchmark::State& state) { optimizer_bench(state, adamw{.learning_rate = 1e-9}, 28); }
/// 16 bytes an element: weight and gradient read, weight written, two codes read and written; scales are 0.06 more.
void adamw_bits8_bench(benchmark::State& state) {
  optimizer_bench(state, basic_adamw<strict, moments::bits8>{.learning_rate = 1e-9}, 16);
}
void sgd_bench(benchmark::State& state) { optimizer_bench(state, sgd{.learning_rate = 1e-9}, 12); }
void sgd_momentum_bench(benchmark::State& state) {
  optimizer_bench(state, sgd{.learning_rate = 1e-9, .momentum = 0.9}, 20);
}
BENCHMARK(adamw_bench)->Arg(768 * 768)->Arg(768 * 3072)->Arg(30522 * 768);
BENCHMARK(adamw_bits8_bench)->Arg(768 * 768)->Arg(768 * 3072)->Arg(30522 * 768);
BENCHMARK(sgd_bench)->Arg(768 * 3072);
BENCHMARK(sgd_momentum_bench)->Arg(768 * 3072);

}  // namespace

BENCHMARK_MAIN();
