// SPDX-License-Identifier: MIT
// Benchmarks of whole training steps. A policy of your own takes one line:
//
//   SLIMFIT_BENCHMARK_POLICY(my_policy, 90);
//
// times a step of ViT-B/16 (batch 8) and of two BERT-base-shaped blocks (batch 16) with 90 % of the units frozen, the
// matrix products of those steps alone beside each, and reports what the ledger counted. See my_policy_bench.cpp.
#pragma once

#include <benchmark/benchmark.h>

#include <slimfit/models/bert.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/trainer.hpp>

#include "../examples/tools/random_batch.hpp"
#include "../examples/tools/recorded_products.hpp"

namespace slimfit::bench {

/// Few words, so that the table's update does not hide the blocks.
inline constexpr bert_shape bert_blocks{.vocabulary = 1000, .layers = 2};

template <class Policy>
using vit_base = vit<shapes::vit_base_16, Policy, examples::recording_host>;
template <class Policy>
using bert_base_blocks = bert<bert_blocks, Policy, examples::recording_host>;

/// A model whose batch is the benchmark's first argument and whose share of frozen units, in percent, is the second.
template <class Model>
struct training {
  using schedule = freezing::inter_layer<freezing::relative_update, freezing::run_time_rate>;

  examples::recording_host device{};
  Model net{device, 1};
  slimfit::trainer<Model, adamw, schedule> trainer;
  examples::random_batch<Model> batch;
  memory_usage ledger;

  explicit training(benchmark::State const& state)
      : trainer(net, {.learning_rate = 1e-5}, {.seed = 1},
                schedule{freezing::run_time_rate(static_cast<double>(state.range(1)))}),
        batch(state.range(0)) {
    step();  // allocates
  }
  void step() { ledger.raise_to(trainer.step(batch.inputs, batch.labels).measured); }
};

template <class Model>
void step(benchmark::State& state) {
  training<Model> run(state);
  for ([[maybe_unused]] auto _ : state) { run.step(); }
  state.counters["stored"] = static_cast<double>(run.ledger.stored);
  state.counters["temporary"] = static_cast<double>(run.ledger.temporary);
  state.counters["peak"] = static_cast<double>(run.ledger.peak());
}

/// The matrix products of one step, run again on numbers of their own.
template <class Model>
void products_of_step(benchmark::State& state) {
  training<Model> run(state);
  examples::product_list products;
  run.device.record(&products);
  run.step();
  run.device.record(nullptr);
  examples::product_player<float> player;
  player.play(run.device, products);
  for ([[maybe_unused]] auto _ : state) { player.play(run.device, products); }
}

}  // namespace slimfit::bench

#define SLIMFIT_BENCHMARK_STEP(model, batch, rate)   \
  BENCHMARK(slimfit::bench::step<model>)             \
      ->Args({batch, rate})                          \
      ->Unit(benchmark::kMillisecond)                \
      ->MeasureProcessCPUTime()                      \
      ->UseRealTime();                               \
  BENCHMARK(slimfit::bench::products_of_step<model>) \
      ->Args({batch, rate})                          \
      ->Unit(benchmark::kMillisecond)                \
      ->MeasureProcessCPUTime()                      \
      ->UseRealTime()

/// @param policy a model policy
/// @param rate   share of frozen units in percent
#define SLIMFIT_BENCHMARK_POLICY(policy, rate)                       \
  SLIMFIT_BENCHMARK_STEP(slimfit::bench::vit_base<policy>, 8, rate); \
  SLIMFIT_BENCHMARK_STEP(slimfit::bench::bert_base_blocks<policy>, 16, rate)
