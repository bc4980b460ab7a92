// SPDX-License-Identifier: MIT
// The steps of a trainer: each is chosen, given its memory, enqueued (whole, in parts that the caller gives, or in the
// shards of a sum's fixed order) and finished.
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <slimfit/plan/trainer_options.hpp>
#include <slimfit/train/accumulation.hpp>
#include <slimfit/train/checks.hpp>
#include <slimfit/train/inference.hpp>
#include <slimfit/train/pending_step.hpp>
#include <slimfit/train/replay.hpp>
#include <slimfit/train/trainer_setup.hpp>

namespace slimfit {

/// What `trainer` is made of; template parameters and errors are its.
template <class Model, class Optimizer, class Schedule, class LearningRate, class Communicator>
class training_steps {
 public:
  using value_type = typename Model::value_type;
  using network_type = typename Model::network_type;
  using input_type = typename network_type::input_type;
  using loss_type = typename network_type::loss_type;
  using label_type = typename loss_type::label_type;
  using optimizer_type = typename Optimizer::template optimizer<typename Model::device_type, value_type>;
  /// What plans are made by.
  using planned_type = std::conditional_t<Communicator::is_single, Optimizer,
                                          across_ranks<Optimizer, typename Communicator::order_type>>;
  static constexpr bool in_shards = Communicator::order_type::shards > 0;
  using schedule_state = decltype(std::declval<Schedule const&>().make_state(0, 0));

  training_steps(Model& net, trainer_setup<Optimizer, Schedule, LearningRate> const& all, Communicator const& ranks)
      : net_(&net),
        settings_(all.options),
        learning_rate_(all.learning_rate),
        optimizer_(net.device(), detail::for_rank(all.optimizer, ranks.rank(), ranks.size()), Model::layout.tensors,
                   Model::layout.largest),
        progress_{all.schedule.make_state(Model::units, settings_.seed)},
        most_active_(freezing::active_units(all.schedule, Model::units)),
        passes_(net, optimizer_, settings_.count_saturation, ranks),
        replay_(settings_.record_steps),
        parts_(passes_) {
    optimizer_.set_seed(settings_.seed);
    for (auto const& [name, each] : net.parameters()) { optimizer_.set_role(each.position, role_of(each)); }
    require_at_least("trainer_options: steps", settings_.steps, index_t{0});
    static_cast<void>(detail::rate_factor(learning_rate_, 0, settings_.steps));
  }

  [[nodiscard]] Model& net() const { return *net_; }
  [[nodiscard]] trainer_options const& settings() const { return settings_; }
  [[nodiscard]] optimizer_type& optimizer() { return optimizer_; }
  [[nodiscard]] training_progress<schedule_state> const& progress() const { return progress_; }
  [[nodiscard]] memory_plan<Model, planned_type> plan(index_t batch) const {
    return memory_plan<Model, planned_type>(batch, planned_options(), plan_options_of(settings_), most_active_);
  }

  void enqueue(std::span<input_type const> inputs, std::span<label_type const> labels) {
    if constexpr (in_shards) { return enqueue_shards(inputs, labels); }
    finish();
    if (!parts_.empty()) { throw usage_error("slimfit: trainer: a batch is being accumulated; step() takes its step"); }
    auto next = next_step();
    auto& report = next.report;
    auto const& active = report.active;
    prepare<planned_type>(next, inputs, labels, planned_options(), plan_options_of(settings_),
                          [&](auto const& planned) {
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
  /// Waits for the step that was enqueued last. @return what it did; nothing when it was finished before
  std::optional<step_report> finish() {
    if (!pending_) { return std::nullopt; }
    auto done = *std::exchange(pending_, std::nullopt);
    passes_.shared().wait();
    auto const result = done.parts > 0 ? done.result : passes_.batch().result();
    auto const count = done.parts > 0 ? done.samples : passes_.samples();
    optimizer_.collect_statistics();
    done.report.loss = result.loss / static_cast<double>(count);
    done.report.correct = result.correct;
    auto const failed = optimizer_.settle_steps();
    if (!std::isfinite(done.report.loss)) { checks::report_not_finite(passes_.batch().inputs(), done.report.loss); }
    if (failed >= 0) {
      bool const is_released = passes_type::releases && done.parts == 0;
      if (is_released || optimizer_.squared_gradient(failed) < 0) { passes_.shared().note_difference(); }
      checks::report_update(net_->parameters()[static_cast<std::size_t>(failed)].name,
                            optimizer_.squared_gradient(failed), is_released);
    }
    // Nothing from here on allocates: the weights have changed.
    passes_.saturation().collect(net_->parameters(), done.report.saturation);
    detail::observe_units(done.after.schedule, done.report.active, *net_, optimizer_);
    progress_ = std::move(done.after);
    return std::move(done.report);
  }

  /// Enqueues the passes over a part of a batch.
  void add_part(std::span<input_type const> inputs, std::span<label_type const> labels) {
    finish();
    parts_.collect();
    auto next = parts_.empty() ? next_step() : parts_.step();
    auto const& active = next.report.active;
    auto const count = prepare<accumulated<planned_type>>(
        next, inputs, labels, {planned_options()}, parts_.planned(settings_), [&](auto const& planned) {
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
  /// Enqueues the step of all parts.
  void enqueue_parts() {
    finish();
    parts_.collect();
    if (parts_.empty()) {
      throw usage_error("slimfit: trainer: step() takes the step of what accumulate was given: nothing");
    }
    passes_.shared().confirm(purpose_of(parts_.step()));
    passes_.begin_updates(parts_.step().report, nullptr);
    request(parts_.update());
  }

  /// What runs without training, when all that was enqueued has finished.
  auto without_training() {
    finish();
    parts_.collect();
    return inference<Model, Optimizer, releasing_updates<optimizer_type>>(*net_, passes_.batch(), passes_.block(),
                                                                          {optimizer_});
  }
  /// For files; all ranks call it.
  template <class C>
  void gather(state_array<C> const& slice, C* whole) {
    passes_.shared().gather(slice, whole);
  }
  [[nodiscard]] bool is_first_rank() const { return passes_.shared().is_first(); }
  void restore(training_progress<schedule_state> progress) {
    parts_.forget();
    progress_ = std::move(progress);
    replay_.forget();
    passes_.shared().note_equality();
  }

 private:
  using step_type = pending_step<schedule_state>;
  using passes_type = step_passes<Model, Optimizer, Communicator>;
  using checks = detail::batch_checks<network_type>;

  /// Checks, arranges and loads what a pass works on, and makes sure that its memory is there.
  /// @param then called with the pass's plan when the pass's own memory is there @return its samples
  template <class Planned, class Then>
  index_t prepare(step_type const& next, std::span<input_type const> inputs, std::span<label_type const> labels,
                  Planned const& options, plan_options const& included, Then const& then) {
    index_t count = 0;
    passes_.shared().prepare(
        purpose_of(next), [&] { return passes_.batch().arrange(inputs, count = checks::check(inputs, labels)); },
        [&](sequence_batch const& sequences) {
          step_plan<Model, Planned> const planned(sequences, options, included);
          passes_.load(
              labels, step_numbers_of(settings_.seed, next.report.iteration, passes_.shared().part_number(next.parts)));
          passes_.reserve(planned, next.report.active);
          then(planned);
        });
    return count;
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
      enqueue_parts();
    } catch (...) {
      parts_.forget();
      throw;
    }
  }
  [[nodiscard]] pass_purpose purpose_of(step_type const& next) const {
    return {next.report.active, step_numbers_of(settings_.seed, next.report.iteration, next.parts),
            next.report.iteration, settings_.record_steps};
  }
  [[nodiscard]] planned_type planned_options() const { return planned_type{optimizer_.options()}; }
  void request(step_type next) {
    passes_.request_measurements(next.report.active);
    pending_ = std::move(next);
  }
  [[nodiscard]] step_type next_step() const { return detail::next_step(progress_, learning_rate_, settings_.steps); }

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

}  // namespace slimfit
