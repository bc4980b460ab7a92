// SPDX-License-Identifier: MIT
// One line registers the training step of a model: its time, and what the ledger counted.
#pragma once

#include <memory>
#include <string>

#include <slimfit/benchmark/random_batch.hpp>
#include <slimfit/benchmark/timing.hpp>
#include <slimfit/freezing.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/train/trainer.hpp>

namespace slimfit::benchmarks {

/// How a step is run.
struct step_options {
  index_t batch = 8;
  double frozen_percent = 90;  ///< of the units, those that changed least
  int threads = 0;             ///< of the host; 0: as many as the machine has
};

/// A model in training on random samples.
template <class Model>
class training_run {
 public:
  using device_type = typename Model::device_type;

  explicit training_run(step_options const& options)
      : device_(timing<device_type>::make(options.threads)),
        net_(*device_, 1),
        trainer_(net_, {.learning_rate = 1e-5}, {.seed = 1}, schedule{freezing::run_time_rate(options.frozen_percent)}),
        batch_(options.batch) {
    step();  // allocates
  }
  void step() { ledger_.raise_to(trainer_.step(batch_.inputs, batch_.labels).measured); }

  [[nodiscard]] device_type& device() { return *device_; }
  /// The most that a step so far has taken.
  [[nodiscard]] memory_usage const& usage() const { return ledger_; }

 private:
  using schedule = freezing::inter_layer<freezing::relative_update, freezing::run_time_rate>;

  std::unique_ptr<device_type> device_;
  Model net_;
  trainer<Model, adamw, schedule> trainer_;
  random_batch<Model> batch_;
  memory_usage ledger_;
};

/// Registers the training step of a model with AdamW on random samples. Reports samples per second, and bytes: kept for
/// the backward pass, temporary, and at the peak, which includes weights and moments. The fewest bytes that a step
/// could move are not known.
/// @tparam Model e.g. `vit<shape, policy, host>`
template <class Model>
registered step(std::string const& name, step_options const& options = {}) {
  using device_type = typename Model::device_type;
  auto const title = name + "/step, batch " + std::to_string(options.batch);
  auto* const benchmark = ::benchmark::RegisterBenchmark(title.c_str(), [options](::benchmark::State& state) {
    if (!can_run<device_type>(state)) { return; }
    training_run<Model> run(options);
    timing<device_type>::repeat(state, run.device(), 1, [&] { run.step(); });
    state.SetItemsProcessed(state.iterations() * options.batch);
    state.counters["bytes_kept"] = static_cast<double>(run.usage().stored);
    state.counters["bytes_temporary"] = static_cast<double>(run.usage().temporary);
    state.counters["bytes_peak"] = static_cast<double>(run.usage().peak());
  });
  timing<device_type>::choose_step_clock(benchmark);
  return benchmark;
}

}  // namespace slimfit::benchmarks
