// SPDX-License-Identifier: MIT
// Trains a model: chooses the active units, makes sure that the step's memory is there, runs it, updates.
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <utility>

#include <slimfit/plan/trainer_options.hpp>
#include <slimfit/train/accumulation.hpp>
#include <slimfit/train/checks.hpp>
#include <slimfit/train/inference.hpp>
#include <slimfit/train/pending_step.hpp>
#include <slimfit/train/replay.hpp>
#include <slimfit/train/trainer_setup.hpp>

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
  using optimizer_type = typename Optimizer::template optimizer<device_type, value_type>;
  using communicator_type = Communicator;
  /// What plans are made by.
  using planned_type = std::conditional_t<Communicator::is_single, Optimizer,
                                          across_ranks<Optimizer, typename Communicator::order_type>>;
  /// Whether a step's gradients are added as a tree of shards, see `summation::fixed_tree`.
  static constexpr bool in_shards = Communicator::order_type::shards > 0;
  using schedule_state = decltype(std::declval<Schedule const&>().make_state(0, 0));

  using setup = trainer_setup<Optimizer, Schedule, LearningRate>;

  /// With everything by name: `trainer_type(net, trainer_type::setup{.optimizer = ..., .learning_rate = ...})`. (A
  /// template, so that empty braces mean the other constructor.)
  /// @throws memory_error, value_error
  template <std::same_as<trainer_setup<Optimizer, Schedule, LearningRate>> Setup>
  trainer(Model& net, Setup const& all) : trainer(net, all.optimizer, all.options, all.schedule, all.learning_rate) {}
  /// @throws memory_error, value_error
  explicit trainer(Model& net, Optimizer options = {}, trainer_options settings = {}, Schedule schedule = {},
                   LearningRate learning_rate = {}, Communicator const& ranks = {})
      : net_(&net),
        settings_(settings),
        learning_rate_(learning_rate),
        optimizer_(net.device(), options, Model::layout.tensors, Model::layout.largest),
        progress_{schedule.make_state(Model::units, settings.seed)},
        most_active_(freezing::active_units(schedule, Model::units)),
        passes_(net, optimizer_, settings.count_saturation, ranks),
        replay_(settings.record_steps),
        parts_(passes_) {
    optimizer_.set_seed(settings.seed);
    for (auto const& [name, each] : net.parameters()) { optimizer_.set_role(each.position, role_of(each)); }
    require_at_least("trainer_options: steps", settings.steps, index_t{0});
    static_cast<void>(detail::rate_factor(learning_rate, 0, settings.steps));
  }

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
    if constexpr (in_shards) { return enqueue_shards(inputs, labels); }
    auto const alone = net_->device().memory().use();
    finish();
    if (!parts_.empty()) { throw usage_error("slimfit: trainer: a batch is being accumulated; step() takes its step"); }
    auto next = next_step();
    auto& report = next.report;
    auto const& active = report.active;
    passes_.shared().prepare(
        purpose_of(next), [&] { return passes_.batch().arrange(inputs, checks::check(inputs, labels)); },
        [&](sequence_batch const& sequences) {
          step_plan<Model, planned_type> const planned(sequences, planned_options(), plan_options_of(settings_));
          passes_.load(labels, numbers_of(next));
          passes_.reserve(planned, active);
          prepare_moments(*net_, optimizer_, active);
          report.planned = planned.with(active, next.after.updated);
        });
    passes_.begin_peaks(parts_.mean());
    passes_.begin_saturation(report);
    passes_.begin_updates(report, &passes_.batch().view().total->finite);
    report.measured = replay_.run(passes_, active);
    passes_.batch().request_result();
    request(std::move(next));
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
  /// after it but, on CUDA, the vectors of its half of a block, which are updated together. Nothing that is not finite
  /// is ever written.
  std::optional<step_report> finish() {
    auto const alone = net_->device().memory().use();
    if (!pending_) { return std::nullopt; }
    auto done = *std::exchange(pending_, std::nullopt);
    auto const result = done.parts > 0 ? done.result : passes_.batch().result();
    auto const count = done.parts > 0 ? done.samples : passes_.samples();
    optimizer_.collect_statistics();
    done.report.loss = result.loss / static_cast<double>(count);
    done.report.correct = result.correct;
    auto const failed = optimizer_.settle_steps();
    if (!std::isfinite(done.report.loss)) { checks::report_not_finite(passes_.batch().inputs(), done.report.loss); }
    if (failed >= 0) {
      checks::report_update(net_->parameters()[static_cast<std::size_t>(failed)].name,
                            optimizer_.squared_gradient(failed), passes_type::releases && done.parts == 0);
    }
    // Nothing from here on allocates: the weights have changed.
    passes_.saturation().collect(net_->parameters(), done.report.saturation);
    detail::observe_units(done.after.schedule, done.report.active, *net_, optimizer_);
    progress_ = std::move(done.after);
    return std::move(done.report);
  }

  /// Forward and backward pass over a part of a batch: its gradients are added to the gradients of the parts before.
  /// `step()` then updates as one step with all parts as its batch would. The active units are chosen for the first
  /// part; the gradients of these, and of what is always active, are kept until the step and no others, whatever the
  /// policy says of gradients. Parts may differ in size.
  /// @throws as `enqueue`; parts before remain. @throws value_error when the loss of the part before is not finite; no
  /// part is left then
  void accumulate(std::span<input_type const> inputs, std::span<label_type const> labels) requires(!in_shards) {
    add_part(inputs, labels);
  }
  /// The updates by the mean gradient of all parts since the last step.
  /// @throws usage_error when there is none; what `finish` throws, then there are none
  step_report step() {
    enqueue();
    return *finish();
  }
  /// The same without waiting for the updates; the losses of the parts are waited for.
  void enqueue() {
    auto const alone = net_->device().memory().use();
    finish();
    parts_.collect();
    if (parts_.empty()) {
      throw usage_error("slimfit: trainer: step() takes the step of what accumulate was given: nothing");
    }
    passes_.shared().confirm(purpose_of(parts_.step()));
    passes_.begin_updates(parts_.step().report, nullptr);
    request(parts_.update());
  }

  /// Loss and accuracy without training, in batches of at most `batch`.
  /// @throws shape_error, value_error (also for the first sample whose loss is no number), memory_error
  evaluation evaluate(std::span<input_type const> inputs, std::span<label_type const> labels, index_t batch) {
    auto const alone = net_->device().memory().use();
    return without_training().evaluate(inputs, labels, batch);
  }
  /// What the network says of samples: `loss_type::sample_scores(network_type::tokens)` scores of each, e.g. one per
  /// class. @throws shape_error, value_error, memory_error
  std::vector<value_type> predict(std::span<input_type const> inputs, index_t batch) {
    auto const alone = net_->device().memory().use();
    return without_training().predict(inputs, batch);
  }

  [[nodiscard]] Model& net() const { return *net_; }
  /// Steps that were finished.
  [[nodiscard]] index_t iteration() const { return progress_.iteration; }
  [[nodiscard]] trainer_options const& settings() const { return settings_; }
  /// The memory of steps with batches of `batch` samples: what `plan<trainer<...>>(batch)` says, with the options and
  /// the schedule that this trainer was made with.
  [[nodiscard]] memory_plan<Model, planned_type> plan(index_t batch) const {
    return memory_plan<Model, planned_type>(batch, planned_options(), plan_options_of(settings_), most_active_);
  }
  [[nodiscard]] optimizer_type& optimizer() { return optimizer_; }
  [[nodiscard]] schedule_state const& schedule() const { return progress_.schedule; }
  /// Replaces all that changes in training but weights and moments: for checkpoints.
  /// @throws value_error for a negative iteration
  void restore(index_t iteration, schedule_state schedule, active_set const& updated) {
    require_at_least("trainer: iteration", iteration, index_t{0});
    parts_.forget();
    progress_ = {std::move(schedule), updated, iteration};
    replay_.forget();
  }
  /// Elements of every parameter, by position.
  [[nodiscard]] std::vector<index_t> parameter_counts() const { return element_counts(*net_); }
  /// Units that were updated at least once.
  [[nodiscard]] active_set const& updated() const { return progress_.updated; }

 private:
  using step_type = pending_step<schedule_state>;
  using passes_type = step_passes<Model, Optimizer, Communicator>;
  using checks = detail::batch_checks<network_type>;

  auto without_training() {
    finish();
    parts_.collect();
    return inference<Model, Optimizer, releasing_updates<optimizer_type>>(*net_, passes_.batch(), passes_.block(),
                                                                          {optimizer_});
  }
  [[nodiscard]] step_type next_step() const { return detail::next_step(progress_, learning_rate_, settings_.steps); }
  /// The numbers of the next part of a step.
  [[nodiscard]] step_numbers numbers_of(step_type const& next) {
    return step_numbers_of(settings_.seed, next.report.iteration, passes_.shared().part_number(next.parts));
  }
  void add_part(std::span<input_type const> inputs, std::span<label_type const> labels) {
    auto const alone = net_->device().memory().use();
    finish();
    parts_.collect();
    auto next = parts_.empty() ? next_step() : parts_.step();
    auto const& active = next.report.active;
    index_t count = 0;
    passes_.shared().prepare(
        purpose_of(next), [&] { return passes_.batch().arrange(inputs, count = checks::check(inputs, labels)); },
        [&](sequence_batch const& sequences) {
          step_plan<Model, accumulated<planned_type>> const planned(sequences, {planned_options()},
                                                                    parts_.planned(settings_));
          passes_.load(labels, numbers_of(next));
          passes_.reserve(planned, active);
          if (parts_.empty()) {
            prepare_moments(*net_, optimizer_, active);
            passes_.begin_saturation(next.report);
            parts_.begin(next);
          }
          next.report.planned.raise_to(planned.with(active, next.after.updated));
        });
    passes_.begin_peaks(parts_.mean());
    parts_.add(std::move(next), count);
  }
  /// A step in the shards of `summation::fixed_tree`.
  void enqueue_shards(std::span<input_type const> inputs, std::span<label_type const> labels) requires(in_shards) {
    finish();
    auto const own =
        passes_.shared().own_shards(purpose_of(next_step()), [&] { return checks::check(inputs, labels); });
    try {
      for (auto const& shard : own) {
        add_part(detail::part_of(inputs, shard, network_type::inputs),
                 detail::part_of(labels, shard, loss_type::labels));
      }
      enqueue();
    } catch (...) {
      parts_.forget();
      throw;
    }
  }
  [[nodiscard]] pass_purpose purpose_of(step_type const& next) const {
    return {next.report.active, step_numbers_of(settings_.seed, next.report.iteration, next.parts),
            next.report.iteration};
  }
  [[nodiscard]] planned_type planned_options() const { return planned_type{optimizer_.options()}; }
  void request(step_type next) {
    passes_.request_measurements();
    pending_ = std::move(next);
  }

  Model* net_;
  trainer_options settings_;
  LearningRate learning_rate_;
  optimizer_type optimizer_;
  training_progress<schedule_state> progress_;
  freezing::active_count most_active_;
  passes_type passes_;
  step_replay<Model, passes_type> replay_;
  accumulation<passes_type, step_type> parts_;
  std::optional<step_type> pending_;
};

template <class Model, class Optimizer>
trainer(Model&, Optimizer) -> trainer<Model, Optimizer>;
template <class Model, class Optimizer>
trainer(Model&, Optimizer, trainer_options) -> trainer<Model, Optimizer>;

}  // namespace slimfit
