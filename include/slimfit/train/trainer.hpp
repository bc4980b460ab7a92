// SPDX-License-Identifier: MIT
// Trains a model: chooses the active units, makes sure that the step's memory is there, runs it, updates.
#pragma once

#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include <slimfit/optim/adamw.hpp>
#include <slimfit/policy/freezing/schedule.hpp>
#include <slimfit/train/batch_buffers.hpp>
#include <slimfit/train/check_batch.hpp>
#include <slimfit/train/learning_rate.hpp>
#include <slimfit/train/plan.hpp>
#include <slimfit/train/recorded_step.hpp>
#include <slimfit/train/saturation.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

struct trainer_options {
  std::uint64_t seed = 0;  ///< of the schedule, dropout and stochastic rounding
  index_t steps = 0;       ///< length of the run, for the learning rate; 0: the rate stays constant
  /// Whether a backend that can (CUDA, on a stream of the program's) records a step and enqueues it as a whole as long
  /// as the same units stay active, as a schedule with `hold` lets them. Stochastic rounding of stashes repeats then.
  bool record_steps = false;
  /// Whether steps report how many values formats with fixed ranges clipped. Takes a number per row while a matrix is
  /// saved and a counter per layer.
  bool count_saturation = false;
};

/// What one training step did.
struct step_report {
  double loss = 0;        ///< mean over the batch, before the update
  index_t correct = 0;    ///< samples whose largest score was the label's
  index_t iteration = 0;  ///< counted from 0
  double learning_rate_factor = 1;
  active_set active;                           ///< units that were updated
  memory_usage measured;                       ///< by the ledger
  memory_usage planned;                        ///< by the plan for this choice; equal
  std::vector<saturation_count> saturation{};  ///< where trainer_options ask for it
};

/// Mean loss and accuracy of a data set.
struct evaluation {
  double loss = 0;
  double accuracy = 0;
};

namespace detail {
template <class Model, class Optimizer, class Schedule, class LearningRate>
struct checked_trainer {
  static_assert(
      requires { typename Optimizer::template optimizer<typename Model::device_type, typename Model::value_type>; },
      "slimfit: trainer<Model, Optimizer, ...>: Optimizer must be the options of an optimizer, e.g. "
      "adamw{.learning_rate = 1e-4}");
  static_assert(freezing::freezing_schedule<Schedule>,
                "slimfit: trainer<Model, Optimizer, Schedule>: Schedule must be a schedule, e.g. "
                "freezing::inter_layer<freezing::relative_update, percent<95>>; a criterion alone is none");
  static_assert(
      requires(LearningRate const& rate, index_t n) {
        { rate(n, n) } -> std::convertible_to<double>;
      },
      "slimfit: trainer<..., LearningRate>: LearningRate must be callable as double(index_t step, index_t steps), like "
      "linear_decay");
};
}  // namespace detail

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
        batch_(net.device()),
        saturation_(net.device(), settings.count_saturation ? Model::layout.tensors : 0),
        block_(net.device()) {
    optimizer_.set_seed(settings.seed);
  }

  /// One forward and backward pass and the updates of the active units: `enqueue`, then `finish`.
  /// @param inputs batch x `network_type::inputs` numbers, @param labels batch x `loss_type::labels`: one class per
  /// sample where nothing else is said, see layers/losses.hpp
  /// @throws what both throw
  step_report step(std::span<input_type const> inputs, std::span<label_type const> labels) {
    enqueue(inputs, labels);
    return *finish();
  }

  /// Finishes the step before, if nobody did, and enqueues the next one. On a backend that works asynchronously that is
  /// the only wait of a step: for the distances of the last one, which decide what is active in this.
  /// @throws shape_error, value_error (labels or ids outside their range), memory_error; nothing is enqueued then, and
  /// weights, moments and schedule are as they were. @throws what `finish` throws.
  void enqueue(std::span<input_type const> inputs, std::span<label_type const> labels) {
    finish();
    pending_step next{.schedule = schedule_};
    auto const active = next.schedule.choose(iteration_);
    next.updated = updated_;
    for (std::size_t i = 0; i < active.words.size(); ++i) { next.updated.words[i] |= active.words[i]; }
    auto const count = check_batch<network_type>(inputs, labels);
    auto const sequences = batch_.arrange(inputs, count);
    memory_plan<Model, Optimizer> const planned(sequences, optimizer_.options(),
                                                {.count_saturation = settings_.count_saturation});

    auto& book = net_->device().memory().book();
    batch_.load(labels);
    block_.reserve(planned.arena_bytes(active));
    optimizer_.prepare(extents(active));
    book.reset_peaks();

    auto& report = next.report;
    report.iteration = iteration_;
    report.active = active;
    report.learning_rate_factor = settings_.steps > 0 ? learning_rate_(iteration_, settings_.steps) : 1.0;
    report.planned = planned.with(active, next.updated);
    optimizer_.set_learning_rate_factor(report.learning_rate_factor);
    optimizer_.set_gate(&batch_.view().total->finite);
    optimizer_.begin_step();
    saturation_.reset();
    report.measured = run_or_replay(active);
    batch_.request_result();
    saturation_.request();
    optimizer_.request_statistics();
    pending_ = std::move(next);
  }

  /// Waits for the step that was enqueued last.
  /// @return what it did; nothing when it was finished before
  /// @throws value_error when its loss or an input is not finite; weights, moments and schedule are then as they were
  /// before it
  std::optional<step_report> finish() {
    if (!pending_) { return std::nullopt; }
    auto done = *std::exchange(pending_, std::nullopt);
    auto const result = batch_.result();
    auto const count = batch_.view().count();
    optimizer_.collect_statistics();
    done.report.loss = result.loss / static_cast<double>(count);
    done.report.correct = result.correct;
    if (result.finite == 0) {
      optimizer_.revoke_steps();
      report_not_finite(batch_.inputs(), done.report.loss);
    }
    optimizer_.confirm_steps();
    done.report.saturation = saturation_.collect(net_->parameters());
    for (auto const& [name, each] : net_->parameters()) {
      if (each.kind == parameter_kind::unit && done.report.active.test(each.unit)) {
        done.schedule.observe(each.unit, optimizer_.statistics(each.position, each.count()));
      }
    }
    schedule_ = std::move(done.schedule);
    updated_ = done.updated;
    ++iteration_;
    return done.report;
  }

  /// Loss and accuracy without training, in batches of at most `batch`.
  /// @throws shape_error, value_error, memory_error
  evaluation evaluate(std::span<input_type const> inputs, std::span<label_type const> labels, index_t batch) {
    evaluation result;
    auto const all = check_batch<network_type>(inputs, labels);
    for_each_batch(inputs, all, batch, [&](index_t first, index_t count) {
      batch_.load(labels.subspan(static_cast<std::size_t>(first * loss_type::labels),
                                 static_cast<std::size_t>(count * loss_type::labels)));
      infer([&](auto& run) { evaluation_pass(net_->network(), run, batch_.view()); });
      batch_.request_result();
      auto const part = batch_.result();
      result.loss += part.loss;
      result.accuracy += static_cast<double>(part.correct);
    });
    auto const samples = static_cast<double>(all);
    return {result.loss / samples, result.accuracy / samples};
  }
  /// What the network says of samples: `loss_type::sample_scores(network_type::tokens)` scores of each, e.g. one per
  /// class. @throws shape_error, value_error, memory_error
  std::vector<value_type> predict(std::span<input_type const> inputs, index_t batch) {
    auto const all = std::ssize(inputs) / network_type::inputs;
    check_inputs<network_type>(inputs, all);
    auto const each = loss_type::sample_scores(network_type::tokens);
    std::vector<value_type> result(static_cast<std::size_t>(all * each));
    std::vector<value_type> part;
    for_each_batch(inputs, all, batch, [&](index_t first, index_t count) {
      batch_.load(std::vector<label_type>(static_cast<std::size_t>(count * loss_type::labels)));
      part.resize(static_cast<std::size_t>(loss_type::scores(batch_.view().sequences)));
      infer([&](auto& run) {
        inference_pass(net_->network(), run, batch_.view(),
                       [&](value_type const* scores) { net_->device().copy(scores, part.data(), std::ssize(part)); });
      });
      loss_type::spread(part.data(), batch_.host_sequences(), network_type::tokens, result.data() + first * each);
    });
    return result;
  }

  [[nodiscard]] Model& net() const { return *net_; }
  /// Steps that were finished.
  [[nodiscard]] index_t iteration() const { return iteration_; }
  [[nodiscard]] trainer_options const& settings() const { return settings_; }
  [[nodiscard]] optimizer_type& optimizer() { return optimizer_; }
  [[nodiscard]] schedule_state const& schedule() const { return schedule_; }
  /// Replaces all that changes in training but weights and moments: for checkpoints.
  void restore(index_t iteration, schedule_state schedule, active_set const& updated) {
    iteration_ = iteration;
    schedule_ = std::move(schedule);
    updated_ = updated;
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
  };

  /// The arena's memory. It grows to what the largest step so far needed.
  using block_type = arena_block<device_type>;

  /// Calls `body(first, count)` for consecutive batches, which are arranged then.
  template <class Body>
  void for_each_batch(std::span<input_type const> inputs, index_t all, index_t batch, Body const& body) {
    finish();
    for (index_t first = 0; first < all; first += batch) {
      auto const count = std::min(batch, all - first);
      batch_.arrange(inputs.subspan(static_cast<std::size_t>(first * network_type::inputs),
                                    static_cast<std::size_t>(count * network_type::inputs)),
                     count);
      body(first, count);
    }
  }
  /// Calls `pass(context)` with memory for the batch that was loaded.
  template <class Pass>
  void infer(Pass const& pass) {
    block_.reserve(memory_plan<Model, Optimizer>(batch_.view().sequences).inference_arena_bytes());
    arena memory(net_->device().memory().book(), block_.data(), block_.size());
    releasing_updates<optimizer_type> none{optimizer_};
    context<device_type, decltype(none)> inference{net_->device(), memory, none, {}, false, settings_.seed, 0};
    pass(inference);
  }
  [[nodiscard]] std::vector<parameter_extent> extents(active_set const& active) const {
    std::vector<parameter_extent> result;
    for (auto const& [name, each] : net_->parameters()) {
      if (each.unit == no_unit || active.test(each.unit)) { result.push_back({each.position, each.count()}); }
    }
    return result;
  }
  /// Gradients that are kept are allocated in each step, which a recording cannot repeat.
  static constexpr bool can_record = policy_type::releases_gradients && requires { typename device_type::recording; };
  static auto recorded_type() {
    if constexpr (can_record) {
      return recorded_step<device_type, network_type>{};
    } else {
      return no_recorded_step{};
    }
  }

  /// @return the step's peaks
  memory_usage run_or_replay(active_set const& active) {
    auto& device = net_->device();
    auto& book = device.memory().book();
    auto const enqueue_all = [&] {
      run(active, [&] { book.forward_ended(); });
      coast(active);
    };
    if constexpr (can_record) {
      // Where sequences have several lengths no step is like the last.
      if (settings_.record_steps && batch_.view().sequences.is_uniform()) {
        auto const [peaks, known] = recorded_.run(device, {active, batch_.view(), block_.data()}, book, enqueue_all);
        if (known) { optimizer_.count_steps(stepped(active)); }
        return peaks;
      }
    }
    enqueue_all();
    return book.peaks();
  }
  /// The parameters that a step updates.
  [[nodiscard]] std::vector<parameter_extent> stepped(active_set const& active) const {
    auto result = extents(active);
    if constexpr (optimizer_type::coasts) {
      for (auto const& [name, each] : net_->parameters()) {
        bool const frozen = each.unit != no_unit && !active.test(each.unit);
        if (frozen && optimizer_.steps(each.position) > 0) { result.push_back({each.position, each.count()}); }
      }
    }
    return result;
  }
  template <class ForwardDone>
  void run(active_set const& active, ForwardDone const& forward_done) {
    auto& device = net_->device();
    arena memory(device.memory().book(), block_.data(), block_.size());
    auto const pass = [&](auto& updates) {
      context<device_type, std::remove_reference_t<decltype(updates)>> training{device,
                                                                                memory,
                                                                                updates,
                                                                                active,
                                                                                true,
                                                                                settings_.seed,
                                                                                static_cast<std::uint32_t>(iteration_),
                                                                                saturation_.table(),
                                                                                true};
      training_pass(net_->network(), training, batch_.view(), forward_done);
    };
    if constexpr (policy_type::releases_gradients) {
      releasing_updates<optimizer_type> updates{optimizer_};
      pass(updates);
    } else {
      keeping_updates<optimizer_type, typename device_type::resource_type, value_type> updates(optimizer_,
                                                                                               device.memory());
      pass(updates);
      updates.apply_all();
    }
  }
  void coast(active_set const& active) {
    if constexpr (optimizer_type::coasts) {
      for (auto const& [name, each] : net_->parameters()) {
        if (each.unit != no_unit && !active.test(each.unit)) {
          optimizer_.coast(each.position, each.data, each.count());
        }
      }
    }
  }
  static double as_number(input_type value) {
    if constexpr (std::is_arithmetic_v<input_type>) {
      return static_cast<double>(value);
    } else {
      return static_cast<double>(static_cast<float>(value));
    }
  }
  [[noreturn]] static void report_not_finite(std::span<input_type const> inputs, double loss) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto const value = as_number(inputs[i]);
      if (!std::isfinite(value)) {
        throw value_error(mismatch("inputs: element " + std::to_string(i % network_type::inputs) + " of sample " +
                                       std::to_string(i / network_type::inputs),
                                   value, "a finite number"));
      }
    }
    throw value_error(
        mismatch("loss", loss, "a finite number (the inputs are finite; is the learning rate too high?)"));
  }

  Model* net_;
  trainer_options settings_;
  LearningRate learning_rate_;
  optimizer_type optimizer_;
  schedule_state schedule_;
  batch_buffers<device_type, network_type> batch_;
  saturation_counter<device_type> saturation_;
  block_type block_;
  active_set updated_;
  index_t iteration_ = 0;
  std::optional<pending_step> pending_;
  [[no_unique_address]] decltype(recorded_type()) recorded_;
};

template <class Model, class Optimizer>
trainer(Model&, Optimizer) -> trainer<Model, Optimizer>;
template <class Model, class Optimizer>
trainer(Model&, Optimizer, trainer_options) -> trainer<Model, Optimizer>;

}  // namespace slimfit
