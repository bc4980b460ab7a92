// SPDX-License-Identifier: MIT
// Trains a model: chooses the active units, makes sure that the step's memory is there, runs it, updates.
#pragma once

#include <optional>
#include <span>
#include <utility>

#include <slimfit/plan/step_peaks.hpp>
#include <slimfit/plan/trainer_options.hpp>
#include <slimfit/train/checks.hpp>
#include <slimfit/train/chosen_parameters.hpp>
#include <slimfit/train/inference.hpp>
#include <slimfit/train/learning_rate.hpp>
#include <slimfit/train/measured_units.hpp>
#include <slimfit/train/recorded_step.hpp>
#include <slimfit/train/rehearsal.hpp>
#include <slimfit/train/step_report.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

/// @tparam Model        e.g. `vit<...>`
/// @tparam Optimizer    options of an optimizer, e.g. `adamw`
/// @tparam Schedule     which units are active; the policy's by default
/// @tparam LearningRate a schedule of train/learning_rate.hpp
template <class Model, class Optimizer = adamw, class Schedule = typename Model::policy_type::freezing,
          class LearningRate = linear_decay>
class trainer : private detail::checked_trainer<Model, Optimizer, Schedule, LearningRate> {
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
  using schedule_state = decltype(std::declval<Schedule const&>().make_state(0, 0));

  /// @throws memory_error, value_error
  explicit trainer(Model& net, Optimizer options = {}, trainer_options settings = {}, Schedule schedule = {},
                   LearningRate learning_rate = {})
      : net_(&net),
        settings_(settings),
        learning_rate_(learning_rate),
        optimizer_(net.device(), options, Model::layout.tensors, Model::layout.largest),
        schedule_(schedule.make_state(Model::units, settings.seed)),
        most_active_(freezing::active_units(schedule, Model::units)),
        batch_(net.device()),
        saturation_(net.device(), settings.count_saturation ? Model::layout.tensors : 0),
        block_(net.device()),
        mean_(net.device()) {
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

  /// With data of other types the compiler says what is expected.
  template <class Inputs, class Labels>
  requires(!detail::batch_of<network_type, Inputs, Labels>) auto step(Inputs const&, Labels const&) ->
      typename detail::checked_data<step_report, detail::batch_of<network_type, Inputs, Labels>>::type;
  template <class Inputs, class Labels>
  requires(!detail::batch_of<network_type, Inputs, Labels>) auto enqueue(Inputs const&, Labels const&) ->
      typename detail::checked_data<void, detail::batch_of<network_type, Inputs, Labels>>::type;
  template <class Inputs, class Labels>
  requires(!detail::batch_of<network_type, Inputs, Labels>) auto accumulate(Inputs const&, Labels const&) ->
      typename detail::checked_data<void, detail::batch_of<network_type, Inputs, Labels>>::type;
  template <class Inputs, class Labels>
  requires(!detail::batch_of<network_type, Inputs, Labels>) auto evaluate(Inputs const&, Labels const&, index_t) ->
      typename detail::checked_data<evaluation, detail::batch_of<network_type, Inputs, Labels>>::type;

  /// Finishes the step before, if nobody did, and enqueues the next one. On a backend that works asynchronously that is
  /// the only wait of a step: for the distances of the last one, which decide what is active in this.
  /// @throws shape_error, value_error (labels or ids outside their range), memory_error; nothing is enqueued then, and
  /// weights, moments and schedule are as they were (with `drop_when_frozen`, moments of units that are active no
  /// longer may be gone). @throws what `finish` throws; usage_error between `accumulate` and `step()`
  void enqueue(std::span<input_type const> inputs, std::span<label_type const> labels) {
    auto const alone = net_->device().memory().use();
    finish();
    if (parts_) { throw usage_error("slimfit: trainer: a batch is being accumulated; step() takes its step"); }
    auto next = next_step();
    auto const& active = next.report.active;
    auto const count = checks::check(inputs, labels);
    auto const sequences = batch_.arrange(inputs, count);
    step_plan<Model, Optimizer> const planned(sequences, optimizer_.options(), plan_options_of(settings_));

    batch_.load(labels);
    batch_.draw_by(step_numbers_of(settings_.seed, iteration_));
    reserve(planned, active);
    prepare_moments(*net_, optimizer_, active);
    begin_peaks();

    auto& report = next.report;
    report.planned = planned.with(active, next.updated);
    report.saturation = saturation_.named(net_->parameters());
    begin_updates(report, &batch_.view().total->finite);
    saturation_.reset();
    report.measured = run_or_replay(active);
    batch_.request_result();
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
  /// after it. Nothing that is not finite is ever written.
  std::optional<step_report> finish() {
    auto const alone = net_->device().memory().use();
    if (!pending_) { return std::nullopt; }
    auto done = *std::exchange(pending_, std::nullopt);
    auto const result = done.parts > 0 ? done.result : batch_.result();
    auto const count = done.parts > 0 ? done.samples : batch_.view().count();
    optimizer_.collect_statistics();
    done.report.loss = result.loss / static_cast<double>(count);
    done.report.correct = result.correct;
    auto const failed = optimizer_.settle_steps();
    if (!std::isfinite(done.report.loss)) { checks::report_not_finite(batch_.inputs(), done.report.loss); }
    if (failed >= 0) {
      checks::report_update(net_->parameters()[static_cast<std::size_t>(failed)].name,
                            optimizer_.squared_gradient(failed), releases && done.parts == 0);
    }
    // Nothing from here on allocates: the weights have changed.
    saturation_.collect(net_->parameters(), done.report.saturation);
    detail::observe_units(done.schedule, done.report.active, *net_, optimizer_);
    schedule_ = std::move(done.schedule);
    updated_ = done.updated;
    ++iteration_;
    return std::move(done.report);
  }

  /// Forward and backward pass over a part of a batch: its gradients are added to those of the parts before. `step()`
  /// then updates as one step with all parts as its batch would. The active units are chosen for the first part; the
  /// gradients of these, and of what is always active, are kept until the step and no others, whatever the policy says
  /// of gradients. Parts may differ in size.
  /// @throws as `enqueue`; parts before remain. @throws value_error when the loss of the part before is not finite; no
  /// part is left then
  void accumulate(std::span<input_type const> inputs, std::span<label_type const> labels) {
    auto const alone = net_->device().memory().use();
    finish();
    collect_part();
    auto const count = checks::check(inputs, labels);
    auto const sequences = batch_.arrange(inputs, count);
    auto next = parts_ ? *parts_ : next_step();
    auto const& active = next.report.active;
    step_plan<Model, accumulated<Optimizer>> const planned(sequences, {optimizer_.options()},
                                                           plan_options_of(settings_));
    batch_.load(labels);
    batch_.draw_by(step_numbers_of(settings_.seed, iteration_, next.parts));
    reserve(planned, active);
    if (!parts_) {
      prepare_moments(*net_, optimizer_, active);
      next.report.saturation = saturation_.named(net_->parameters());
      mean_.begin(updated_parameters(*net_, active));
      saturation_.reset();
    }
    begin_peaks();
    next.report.planned.raise_to(planned.with(active, next.updated));
    next.samples += count;
    mean_.begin_part(static_cast<double>(count) / static_cast<double>(next.samples));
    bool begun = !parts_;
    try {
      enqueue_rehearsed(net_->device(), optimizer_, [&](ledger& counted) {
        begun = begun || &counted == &net_->device().memory().book();
        run_pass(counted, mean_, active);
      });
    } catch (...) {
      if (begun) { forget_parts(); }  // their mean is half of this part's
      throw;
    }
    ++next.parts;
    next.report.measured.raise_to(peaks_.now());
    parts_ = std::move(next);
    batch_.request_result();
    part_pending_ = true;
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
    collect_part();
    if (!parts_) { throw usage_error("slimfit: trainer: step() takes the step of what accumulate was given: nothing"); }
    begin_updates(parts_->report, nullptr);
    enqueue_rehearsed(net_->device(), optimizer_, [&](ledger&) {
      apply_kept<optimizer_type, value_type>(optimizer_, mean_.gradients());
      coast_frozen(*net_, optimizer_, parts_->report.active);
    });
    mean_.clear();
    request(*std::exchange(parts_, std::nullopt));
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
  [[nodiscard]] index_t iteration() const { return iteration_; }
  [[nodiscard]] trainer_options const& settings() const { return settings_; }
  /// The memory of steps with batches of `batch` samples: what `plan<trainer<...>>(batch)` says, with the options and
  /// the schedule that this trainer was made with.
  [[nodiscard]] memory_plan<Model, Optimizer> plan(index_t batch) const {
    return memory_plan<Model, Optimizer>(batch, optimizer_.options(), plan_options_of(settings_), most_active_);
  }
  [[nodiscard]] optimizer_type& optimizer() { return optimizer_; }
  [[nodiscard]] schedule_state const& schedule() const { return schedule_; }
  /// Replaces all that changes in training but weights and moments: for checkpoints.
  /// @throws value_error for a negative iteration
  void restore(index_t iteration, schedule_state schedule, active_set const& updated) {
    require_at_least("trainer: iteration", iteration, index_t{0});
    forget_parts();
    iteration_ = iteration;
    schedule_ = std::move(schedule);
    updated_ = updated;
    recorded_ = recorded_type();  // moments may lie elsewhere
  }
  /// Elements of every parameter, by position.
  [[nodiscard]] std::vector<index_t> parameter_counts() const {
    std::vector<index_t> counts;
    for (auto const& [name, each] : net_->parameters()) { counts.push_back(each.count()); }
    return counts;
  }
  /// Units that were updated at least once.
  [[nodiscard]] active_set const& updated() const { return updated_; }

 private:
  /// A step that is enqueued: what becomes of the trainer when it is done.
  struct pending_step {
    schedule_state schedule;
    active_set updated{};
    step_report report{};
    index_t parts = 0;    ///< that were accumulated; 0: the step has one pass
    index_t samples = 0;  ///< of them
    batch_result result{.finite = 1};
  };
  using checks = detail::batch_checks<network_type>;

  /// The arena's memory. It grows to what the largest step so far needed.
  using block_type = arena_block<device_type>;

  /// Peaks are counted from now on.
  void begin_peaks() { peaks_.begin(net_->device(), *net_, optimizer_, batch_, saturation_, mean_); }
  /// Makes sure that a step's memory is there.
  template <class Plan>
  void reserve(Plan const& planned, active_set const& active) {
    auto const needed = planned.needed_by_pass(active);
    block_.reserve(needed.arena);
    net_->device().offload().reserve(needed.offloaded);
  }
  auto without_training() {
    finish();
    collect_part();
    return inference<Model, Optimizer, releasing_updates<optimizer_type>>(*net_, batch_, block_, {optimizer_});
  }
  [[nodiscard]] pending_step next_step() const {
    pending_step next{.schedule = schedule_};
    auto& report = next.report;
    report.iteration = iteration_;
    report.learning_rate_factor = detail::rate_factor(learning_rate_, iteration_, settings_.steps);
    detail::raise_distances(next.schedule, detail::rise(learning_rate_, iteration_, settings_.steps));
    report.active = next.schedule.choose(iteration_);
    next.updated = updated_;
    for (std::size_t i = 0; i < std::size(report.active.words); ++i) {
      next.updated.words[i] |= report.active.words[i];
    }
    return next;
  }
  void begin_updates(step_report const& report, std::int32_t* gate) {
    optimizer_.set_learning_rate_factor(report.learning_rate_factor);
    optimizer_.set_gate(gate);
    optimizer_.begin_step();
  }
  /// Enqueues the way back of what the step that was enqueued measured.
  void request(pending_step next) {
    saturation_.request();
    optimizer_.request_statistics();
    pending_ = std::move(next);
  }
  /// Waits for the loss of the part that was enqueued last.
  void collect_part() {
    if (!std::exchange(part_pending_, false)) { return; }
    auto const part = batch_.result();
    parts_->result.loss += part.loss;
    parts_->result.correct += part.correct;
    if (part.finite == 0) {
      forget_parts();
      checks::report_not_finite(batch_.inputs(), part.loss / static_cast<double>(batch_.view().count()));
    }
  }
  void forget_parts() {
    parts_.reset();
    mean_.clear();
    part_pending_ = false;
  }
  static constexpr bool releases = policy_type::releases_gradients && !detail::keeps_gradients<Optimizer>;
  using recorded_type = typename detail::recorded_step_of<device_type, network_type, optimizer_type>::type;
  static constexpr bool can_record = !std::is_same_v<recorded_type, no_recorded_step>;

  /// @return the step's peaks
  memory_usage run_or_replay(active_set const& active) {
    auto& device = net_->device();
    auto const enqueue_all = [&](ledger& counted) {
      run(counted, active);
      coast_frozen(*net_, optimizer_, active);
    };
    if constexpr (can_record) {
      // Where sequences have several lengths no step is like the last.
      if (settings_.record_steps && batch_.view().sequences.is_uniform()) {
        auto const& outside = device.offload();
        typename recorded_type::layout_type layout{
            active,        batch_.view(),  layout_of_updates(*net_, optimizer_, active),
            block_.data(), outside.data(), outside.capacity()};
        auto const [measured, known] = revoking_steps(optimizer_, [&] {
          return recorded_.run(device, std::move(layout), [&] {
            enqueue_all(device.memory().book());
            return peaks_.now();
          });
        });
        if (known) { count_steps(*net_, optimizer_, active); }
        return measured;
      }
    }
    enqueue_rehearsed(device, optimizer_, enqueue_all);
    return peaks_.now();
  }
  template <class Updates>
  void run_pass(arena& memory, Updates& updates, active_set const& active) {
    // Seed and iteration are in the backend's memory alone.
    context<device_type, Updates> training{net_->device(), memory, updates, active, true};
    training.saturation = saturation_.table();
    training.drops = true;
    training.numbers = batch_.view().numbers;
    training_pass(net_->network(), training, batch_.view(), [&] { memory.book().forward_ended(); });
  }
  template <class Updates>
  void run_pass(ledger& book, Updates& updates, active_set const& active) {
    arena memory(book, block_.data(), block_.size());
    run_pass(memory, updates, active);
  }
  void run(ledger& book, active_set const& active) {
    if constexpr (releases) {
      releasing_updates<optimizer_type> updates{optimizer_};
      run_pass(book, updates, active);
    } else {
      arena memory(book, block_.data(), block_.size());  // gradients stay until it ends
      keeping_updates<optimizer_type, value_type> updates(optimizer_, Model::layout.tensors);
      run_pass(memory, updates, active);
      updates.apply_all();
    }
  }

  Model* net_;
  trainer_options settings_;
  LearningRate learning_rate_;
  optimizer_type optimizer_;
  schedule_state schedule_;
  freezing::active_count most_active_;
  step_peaks peaks_;
  batch_buffers<device_type, network_type> batch_;
  saturation_counter<device_type> saturation_;
  block_type block_;
  active_set updated_;
  index_t iteration_ = 0;
  std::optional<pending_step> pending_;
  std::optional<pending_step> parts_;  ///< the step that parts are accumulated for
  bool part_pending_ = false;          ///< whether the loss of the last is still to be waited for
  accumulating_updates<device_type, value_type> mean_;
  [[no_unique_address]] recorded_type recorded_;
};

template <class Model, class Optimizer>
trainer(Model&, Optimizer) -> trainer<Model, Optimizer>;
template <class Model, class Optimizer>
trainer(Model&, Optimizer, trainer_options) -> trainer<Model, Optimizer>;

}  // namespace slimfit
