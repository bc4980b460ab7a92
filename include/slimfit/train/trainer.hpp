// SPDX-License-Identifier: MIT
// Trains a model: chooses the active units, makes sure that the step's memory is there, runs it, updates.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <utility>

#include <slimfit/train/training_steps.hpp>

namespace slimfit {

/// @tparam Model        e.g. `vit<...>`
/// @tparam Optimizer    options of an optimizer, e.g. `adamw`
/// @tparam Schedule     which units are active; the policy's by default
/// @tparam LearningRate a schedule of train/learning_rate.hpp
/// @tparam Communicator the ranks that train this model together, e.g. `mpi<>`. Each is given its part of every batch,
/// parts in the order of ranks; losses, counts and updates are then those of the whole batch. All ranks make the same
/// calls in the same order, but for `evaluate` and `predict`, which are a rank's own.
template <class Model, class Optimizer = adamw, class Schedule = typename Model::policy_type::freezing,
          class LearningRate = linear_decay, class Communicator = single>
class trainer : private detail::checked_trainer<Model, Optimizer, Schedule, LearningRate>,
                private detail::other_data<typename Model::network_type> {
  using other_data = detail::other_data<typename Model::network_type>;

 public:
  using model_type = Model;
  using value_type = typename Model::value_type;
  using network_type = typename Model::network_type;
  using policy_type = typename Model::policy_type;
  using device_type = typename Model::device_type;
  using input_type = typename network_type::input_type;
  using loss_type = typename network_type::loss_type;
  using label_type = typename loss_type::label_type;
  using options_type = Optimizer;
  using schedule_type = Schedule;
  using communicator_type = Communicator;
  using steps_type = training_steps<Model, Optimizer, Schedule, LearningRate, Communicator>;
  using optimizer_type = typename steps_type::optimizer_type;
  /// What plans are made by.
  using planned_type = typename steps_type::planned_type;
  /// Whether a step's gradients are added as a tree of shards, see `summation::fixed_tree`.
  static constexpr bool in_shards = steps_type::in_shards;
  using schedule_state = typename steps_type::schedule_state;

  using setup = trainer_setup<Optimizer, Schedule, LearningRate>;

  /// With everything by name: `trainer_type(net, trainer_type::setup{.optimizer = ..., .learning_rate = ...})`. (A
  /// template, so that empty braces mean the other constructor.)
  /// @throws memory_error, value_error
  template <std::same_as<trainer_setup<Optimizer, Schedule, LearningRate>> Setup>
  trainer(Model& net, Setup const& all, Communicator const& ranks = {}) : steps_(net, all, ranks) {}
  /// @throws memory_error, value_error
  explicit trainer(Model& net, Optimizer options = {}, trainer_options settings = {}, Schedule schedule = {},
                   LearningRate learning_rate = {}, Communicator const& ranks = {})
      : steps_(net, {options, settings, schedule, learning_rate}, ranks) {}

  /// One forward and backward pass and the updates of the active units: `enqueue`, then `finish`.
  /// @param inputs batch x `network_type::inputs` numbers, @param labels batch x `loss_type::labels`: one class per
  /// sample where nothing else is said, see layers/losses.hpp
  /// @throws what both throw
  step_report step(std::span<input_type const> inputs, std::span<label_type const> labels) {
    enqueue(inputs, labels);
    return *finish();
  }
  using other_data::accumulate, other_data::enqueue, other_data::evaluate, other_data::step;

  /// Finishes the step before, if it was not finished yet, and enqueues the next one. On a backend that works
  /// asynchronously that is the only wait of a step: for the distances of the last one, which decide what is active in
  /// this.
  /// @throws shape_error, value_error (labels or ids outside their range), memory_error; nothing is enqueued then, and
  /// weights, moments and schedule are as they were (with `drop_when_frozen`, moments of units that are active no
  /// longer may be gone). @throws what `finish` throws; usage_error between `accumulate` and `step()`;
  /// communication_error where another rank cannot take this step or is about to take another one
  void enqueue(std::span<input_type const> inputs, std::span<label_type const> labels) {
    auto const alone = steps_.net().device().memory().use();
    steps_.enqueue(inputs, labels);
  }
  /// Waits for the step that was enqueued last.
  /// @return what it did; nothing when it was finished before
  /// @throws value_error when its loss or an input is not finite; weights, moments and schedule are then as they were
  /// before it. @throws value_error when its loss is finite and a gradient is not, or the update that follows from it
  /// (an overflow: also where the sum of a parameter's squared gradients has none that a float holds). The schedule is
  /// then as it was. Weights, moments and step counts are too where gradients are known before the first update: of
  /// `accumulate`, with `clip_global_norm`, where the policy keeps them. Where they are released during the backward
  /// pass, parameters that came before the one that is named were updated, of that one all elements that stay finite
  /// (none with `clip_each_norm`; with moments of 8 bits those in blocks of 256 without one that does not), and none
  /// after it but, on CUDA, those of its half of a block, which are updated together. Nothing that is not finite
  /// is ever written.
  std::optional<step_report> finish() {
    auto const alone = steps_.net().device().memory().use();
    return steps_.finish();
  }

  /// Forward and backward pass over a part of a batch: its gradients are added to the gradients of the parts before.
  /// `step()` then updates as one step with all parts as its batch would. The active units are chosen for the first
  /// part; the gradients of these, and of what is always active, are kept until the step and no others, whatever the
  /// policy says of gradients. Parts may differ in size.
  /// @throws as `enqueue`; parts before remain. @throws value_error when the loss of the part before is not finite; no
  /// part is left then
  void accumulate(std::span<input_type const> inputs, std::span<label_type const> labels) requires(!in_shards) {
    auto const alone = steps_.net().device().memory().use();
    steps_.add_part(inputs, labels);
  }
  /// The updates by the mean gradient of all parts since the last step.
  /// @throws usage_error when there is none; what `finish` throws, then there are none
  step_report step() {
    enqueue();
    return *finish();
  }
  /// The same without waiting for the updates; the losses of the parts are waited for.
  void enqueue() {
    auto const alone = steps_.net().device().memory().use();
    steps_.enqueue_parts();
  }

  /// Loss and accuracy without training, in batches of at most `batch`.
  /// @throws shape_error, value_error (also for the first sample whose loss is no number), memory_error
  evaluation evaluate(std::span<input_type const> inputs, std::span<label_type const> labels, index_t batch) {
    auto const alone = steps_.net().device().memory().use();
    return steps_.without_training().evaluate(inputs, labels, batch);
  }
  /// What the network says of samples: `loss_type::sample_scores(network_type::tokens)` scores of each, e.g. one per
  /// class. @throws shape_error, value_error, memory_error
  std::vector<value_type> predict(std::span<input_type const> inputs, index_t batch) {
    auto const alone = steps_.net().device().memory().use();
    return steps_.without_training().predict(inputs, batch);
  }

  [[nodiscard]] Model& net() const { return steps_.net(); }
  /// Steps that were finished.
  [[nodiscard]] index_t iteration() const { return steps_.progress().iteration; }
  [[nodiscard]] trainer_options const& settings() const { return steps_.settings(); }
  /// The memory of steps with batches of `batch` samples: what `plan<trainer<...>>(batch)` says, with the options and
  /// the schedule that this trainer was made with.
  [[nodiscard]] memory_plan<Model, planned_type> plan(index_t batch) const { return steps_.plan(batch); }
  [[nodiscard]] optimizer_type& optimizer() { return steps_.optimizer(); }
  [[nodiscard]] schedule_state const& schedule() const { return steps_.progress().schedule; }
  /// Replaces all that changes in training but weights and moments: for checkpoints.
  /// @throws value_error for a negative iteration
  void restore(index_t iteration, schedule_state schedule, active_set const& updated) {
    require_at_least("trainer: iteration", iteration, index_t{0});
    steps_.restore({std::move(schedule), updated, iteration});
  }
  /// An array of the optimizer's state of which this rank has a slice, all of it, for checkpoints. All ranks call it.
  /// @param whole `slice.whole` numbers in the program's memory. @throws communication_error
  template <class C>
  void gather(state_array<C> const& slice, C* whole) {
    steps_.gather(slice, whole);
  }
  /// Whether this rank writes files for all.
  [[nodiscard]] bool is_first_rank() const { return steps_.is_first_rank(); }
  /// Elements of every parameter, by position.
  [[nodiscard]] std::vector<index_t> parameter_counts() const { return element_counts(steps_.net()); }
  /// Units that were updated at least once.
  [[nodiscard]] active_set const& updated() const { return steps_.progress().updated; }

 private:
  steps_type steps_;
};

/// Of a model with an optimizer's options, e.g. `trainer run{net, adamw{.learning_rate = 5e-5}}`.
template <class Model, class Optimizer>
trainer(Model&, Optimizer) -> trainer<Model, Optimizer>;
template <class Model, class Optimizer>
trainer(Model&, Optimizer, trainer_options) -> trainer<Model, Optimizer>;

}  // namespace slimfit
