// SPDX-License-Identifier: MIT
// Training steps against their bare matrix products: ViT-B/16 in batches of 8, and a stack of two BERT-base-shaped
// blocks with a small vocabulary. On a busy machine set OMP_WAIT_POLICY=passive, or waiting counts as work.
#include <benchmark/benchmark.h>
#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "../examples/tools/random_batch.hpp"
#include "../examples/tools/recorded_products.hpp"

namespace {

namespace sf = slimfit;
using examples::recording_host;

constexpr sf::bert_shape bert_blocks{.vocabulary = 1000, .layers = 2};

template <class Policy>
using vit_base = sf::vit<sf::shapes::vit_base_16, Policy, recording_host>;
template <class Policy>
using bert_base_blocks = sf::bert<bert_blocks, Policy, recording_host>;

/// A model whose share of frozen units is the benchmark's second argument, in percent.
template <class Model>
struct training {
  using schedule = sf::freezing::inter_layer<sf::freezing::relative_update, sf::freezing::run_time_rate>;

  recording_host device{};
  Model net{device, 1};
  sf::trainer<Model, sf::adamw, schedule> trainer;
  examples::random_batch<Model> batch;

  explicit training(benchmark::State const& state)
      : trainer(net, {.learning_rate = 1e-5}, {.seed = 1},
                schedule{sf::freezing::run_time_rate(static_cast<double>(state.range(1)) / 100)}),
        batch(state.range(0)) {
    step();  // allocates
  }
  void step() { trainer.step(batch.inputs, batch.labels); }
};

template <class Model>
void step(benchmark::State& state) {
  training<Model> run(state);
  for (auto _ : state) { run.step(); }
}

template <class Model>
void products_of_step(benchmark::State& state) {
  training<Model> run(state);
  examples::product_list products;
  run.device.record(&products);
  run.step();
  run.device.record(nullptr);
  examples::product_player player;
  player.play(run.device, products);
  for (auto _ : state) { player.play(run.device, products); }
}

}  // namespace

#define SLIMFIT_STEP_BENCHMARK(model, batch, rate)                                                                    \
  BENCHMARK(step<model>)->Args({batch, rate})->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime(); \
  BENCHMARK(products_of_step<model>)                                                                                  \
      ->Args({batch, rate})                                                                                           \
      ->Unit(benchmark::kMillisecond)                                                                                 \
      ->MeasureProcessCPUTime()                                                                                       \
      ->UseRealTime()

SLIMFIT_STEP_BENCHMARK(vit_base<sf::policy::eager>, 8, 0);
SLIMFIT_STEP_BENCHMARK(vit_base<sf::policy::slim>, 8, 90);
SLIMFIT_STEP_BENCHMARK(bert_base_blocks<sf::policy::eager>, 16, 0);
SLIMFIT_STEP_BENCHMARK(bert_base_blocks<sf::policy::slim>, 16, 90);

BENCHMARK_MAIN();
