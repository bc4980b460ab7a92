// SPDX-License-Identifier: MIT
// The training loop of the fine-tuning programs, for any model and policy.
#pragma once

#include <chrono>
#include <functional>
#include <slimfit/slimfit.hpp>
#include <span>

#include "../data/batches.hpp"
#include "../support/progress.hpp"
#include "checkpoints.hpp"
#include "gradient_errors.hpp"
#include "recipe.hpp"
#include "run_record.hpp"
#include "schedules.hpp"
#include "signals.hpp"
#include "start_weights.hpp"
#include "task.hpp"

namespace examples {

/// A backend set up as the options say.
template <class Device>
Device make_device(training_options const& options) {
  if constexpr (std::is_same_v<Device, slimfit::host>) {
    return Device({.threads = threads_of_rank(options.threads)});
  } else {
    return Device();
  }
}

/// @tparam Model a slimfit model
/// @tparam Ranks a communicator of the ranks that train it together
template <class Model, class Ranks>
class training_run {
 public:
  using network_type = typename Model::network_type;
  using device_type = typename Model::device_type;
  using input_type = typename network_type::input_type;
  /// Samples are made in float whatever the model's numbers are.
  using sample_type = std::conditional_t<std::is_same_v<input_type, slimfit::bf16>, float, input_type>;
  using label_type = typename network_type::loss_type::label_type;
  using task_type = task<sample_type, label_type>;
  using schedule_type = slimfit::freezing::any_schedule;
  using trainer_type = slimfit::trainer<Model, chosen_adamw, schedule_type, slimfit::published_decay, Ranks>;
  /// Loads the weights that training starts from, or saves those that it ends with.
  using weights_function = std::function<void(Model&)>;

  training_run(run_request const& request, task_type const& work, weights_function const& load_start,
               weights_function save_end, Ranks const& ranks)
      : request_(request),
        ranks_(ranks),
        task_(work),
        save_end_(std::move(save_end)),
        device_(make_device<device_type>(request.options)),
        net_(device_, request.options.seed),
        batches_(*work.train, network_type::inputs, network_type::loss_type::labels,
                 {.size = request.options.batch,
                  .seed = request.options.seed,
                  .bucket_window = request.options.bucket_window,
                  .threads = request.options.loader_threads,
                  .part = own_part(request.options.batch)}),
        steps_(std::max<index_t>(
            1, static_cast<index_t>(request.options.epochs * static_cast<double>(batches_.steps_per_epoch())))),
        trainer_(net_, setup(), ranks_),
        record_(request, Model::units),
        checkpoints_(request.options) {
    bool const continues = request.progress != nullptr;
    // A run that goes on has weights of its own, but those that come after it start anew.
    if (!continues || !request.is_last) { start_from(request, net_, load_start); }
    if (continues) { load_interrupted(); }
  }

  /// Trains, or measures errors at the start where the options say so.
  run_outcome run() {
    try {
      return run_here();
    } catch (...) {
      request_.ranks.meet();  // before this waits for a checkpoint
      throw;
    }
  }

 private:
  run_outcome run_here() {
    if (request_.options.error_batches > 0) { return measure_errors(); }
    if (writes() && request_.progress == nullptr && request_.finished.empty()) {
      set_aside_checkpoints(request_.options);
    }
    save_at_signals(true);
    auto const title = run_title(request_.choice);
    std::printf("%s: %lld steps of %lld %s\n", title.c_str(), static_cast<long long>(steps_),
                static_cast<long long>(request_.options.batch), request_.samples.c_str());
    {
      progress bar(steps_, request_.options.batch, request_.samples, trainer_.iteration());
      double smooth_loss = 0;
      double smooth_accuracy = 0;
      index_t done = 0;
      while (trainer_.iteration() < steps_) {
        read_or_save([&] { batch_ = batches_.training(trainer_.iteration()); });
        if (should_end()) {
          if (writes()) { checkpoints_.write(copy()); }
          return {record_.json(), true};
        }
        auto const step = one_step();
        keep_checkpoint();
        // A running mean over about 50 steps.
        double const share = 1.0 / static_cast<double>(std::min<index_t>(++done, 50));
        smooth_loss += share * (step.loss - smooth_loss);
        smooth_accuracy +=
            share * (static_cast<double>(step.correct) / static_cast<double>(request_.options.batch) - smooth_accuracy);
        progress_values const shown{smooth_loss, smooth_accuracy, step.measured.total};
        bar.update(trainer_.iteration(), shown);
      }
    }
    return finish();
  }

  [[nodiscard]] typename trainer_type::setup setup() const {
    auto const& options = request_.options;
    return {.optimizer = optimizer_of(options, learning_rate(request_)),
            .options = {.seed = options.seed, .steps = steps_, .count_saturation = options.saturation},
            .schedule = schedules().at(options.schedule).make(slimfit::freezing::run_time_rate(request_.choice.rate)),
            .learning_rate = learning_rate_decay_of(options)};
  }
  /// Of a training batch. @throws slimfit::value_error where it does not go round
  [[nodiscard]] slimfit::batch_share own_part(index_t batch) const {
    if constexpr (Ranks::is_single) {
      return {.first = 0, .count = batch};
    } else {
      return part_of_rank(batch);
    }
  }
  [[nodiscard]] slimfit::batch_share part_of_rank(index_t batch) const {
    constexpr index_t shards = Ranks::order_type::shards;
    auto const parts = std::max<index_t>(shards, ranks_.size());
    if (batch < parts) {
      throw slimfit::value_error(slimfit::mismatch(
          "--batch", batch,
          "at least " + std::to_string(parts) + (shards > 0 ? ", a sample of each shard" : ", a sample of each rank")));
    }
    return slimfit::share_of_rank<typename Ranks::order_type>(batch, ranks_.rank(), ranks_.size());
  }
  /// Whether this rank writes the files of all.
  [[nodiscard]] bool writes() const { return request_.ranks.is_first(); }
  /// Whether the program was asked to end, here or on another rank.
  [[nodiscard]] bool should_end() const { return request_.ranks.most(interrupt_requested() ? 1 : 0) > 0; }

  void load_interrupted() {
    for (auto const& each : slimfit::notes_on_run<device_type>(request_.checkpoint)) { note("note: " + each); }
    slimfit::load_run(trainer_, request_.checkpoint);
    record_.require_steps(trainer_.iteration());
    if (trainer_.iteration() > steps_) {
      throw slimfit::file_error(slimfit::mismatch(request_.checkpoint + ": iteration", trainer_.iteration(),
                                                  "at most " + std::to_string(steps_)));
    }
  }
  /// How a checkpoint gets what the run is at.
  [[nodiscard]] checkpoint_writer::copy_function copy() {
    return [this] { return slimfit::run_snapshot(trainer_, record_.checkpoint_metadata()); };
  }
  /// Begins to write a checkpoint where it is time for one, and as soon as the one before is written.
  void keep_checkpoint() {
    bool const ends_epoch = trainer_.iteration() % batches_.steps_per_epoch() == 0;
    wants_checkpoint_ = writes() && (wants_checkpoint_ || ends_epoch || checkpoints_.is_due());
    if (checkpoints_.is_writing() || !wants_checkpoint_) { return; }
    checkpoints_.begin(copy());
    newest_checkpoint_ = trainer_.iteration();
    wants_checkpoint_ = false;
  }

  run_outcome measure_errors() {
    auto const& options = request_.options;
    std::vector<slimfit::gradient_error> errors;
    auto const passes = std::lround(100 / (100 - request_.choice.rate));
    for (index_t i = 0; i < options.error_batches; ++i) {
      auto const batch = batches_.training(i);
      slimfit::error_options const settings{.passes = passes, .seed = options.seed + static_cast<std::uint64_t>(i)};
      add_errors(errors, slimfit::measure_error(net_, inputs_of(batch.inputs), batch.labels, settings));
    }
    std::printf("%s: %s\n", run_title(request_.choice).c_str(), error_line(errors).c_str());
    std::fflush(stdout);
    return {errors_json(request_.choice, errors)};
  }

  /// Samples as the model reads them.
  static auto inputs_of(std::span<sample_type const> samples) {
    if constexpr (std::is_same_v<sample_type, input_type>) {
      return samples;
    } else {
      std::vector<input_type> inputs;
      for (auto const value : samples) { inputs.push_back(input_type(value)); }
      return inputs;
    }
  }

  static constexpr index_t distance_samples = 60;
  static constexpr index_t evaluation_batch = 64;

  slimfit::step_report one_step() {
    auto const start = std::chrono::steady_clock::now();
    auto const before = ranks_.counted();
    auto const step = trainer_.step(inputs_of(batch_.inputs), batch_.labels);
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    record_.add_step(step, seconds);
    if constexpr (!Ranks::is_single) { record_.add_traffic(ranks_.counted() - before, gradient_bytes); }
    index_t const interval = std::max<index_t>(1, steps_ / distance_samples);
    if (step.iteration % interval == 0) { record_.add_distances(step.iteration, trainer_.schedule().records()); }
    return step;
  }

  /// Calls `read` on all ranks. Where one of them cannot read a sample, what was learnt so far is saved before the
  /// error goes on.
  template <class Read>
  void read_or_save(Read const& read) {
    std::exception_ptr problem;
    try {
      read();
    } catch (slimfit::error const&) { problem = std::current_exception(); }
    if (request_.ranks.most(problem ? 1 : 0) == 0) { return; }
    if (writes()) {
      try {
        checkpoints_.begin(copy());
        checkpoints_.wait();
      } catch (slimfit::error const& other) { note(std::string("no checkpoint was written: ") + other.what()); }
    }
    static_cast<void>(request_.ranks.most(0));  // the others wait for the checkpoint
    if (problem) { std::rethrow_exception(problem); }
    throw slimfit::communication_error("slimfit: another rank could not read a sample of its part");
  }

  /// Whatever fails from here on, what was learnt is in a checkpoint.
  run_outcome finish() {
    if (writes() && newest_checkpoint_ != trainer_.iteration()) { checkpoints_.begin(copy()); }
    bool const is_safe = request_.ranks.most(writes() && checkpoints_.wait() ? 1 : 0) > 0;
    if (!is_safe) { save_at_signals(false); }
    auto const scores = test_scores(is_safe);
    if (scores.empty()) { return {record_.json(), true}; }
    record_.finish(task_.judge(scores), task_.metric, task_.second_metric);
    if (request_.is_last) {
      save_at_signals(false);
      if (writes()) { save_end_(net_); }
    }
    std::printf("%s\n", record_.result_text().c_str());
    std::fflush(stdout);
    return {record_.json(), false};
  }
  /// What the network says of all test samples, of which each rank judges a part; nothing where the program was asked
  /// to end, and can be resumed.
  std::vector<float> test_scores(bool may_end) {
    sample_batches<sample_type, label_type> test(
        *task_.test, network_type::inputs, network_type::loss_type::labels,
        {.size = std::min(evaluation_batch, task_.test->size()), .threads = request_.options.loader_threads});
    // Whole batches, so that scores do not depend on the number of ranks; all ranks take as many turns.
    auto const& ranks = request_.ranks;
    auto const own = slimfit::share_of_batch(test.batches_in_order(), ranks.rank(), ranks.size());
    auto const turns = slimfit::share_of_batch(test.batches_in_order(), 0, ranks.size()).count;
    std::vector<float> scores;
    for (index_t turn = 0; turn < turns; ++turn) {
      if (may_end && should_end()) { return {}; }
      sample_batch<sample_type, label_type> batch;
      read_or_save([&] {
        if (turn < own.count) { batch = test.in_order(own.first + turn); }
      });
      index_t const count = std::ssize(batch.inputs) / network_type::inputs;
      if (count == 0) { continue; }
      for (auto const score : trainer_.predict(inputs_of(batch.inputs), count)) {
        scores.push_back(static_cast<float>(score));
      }
    }
    return ranks.joined(std::move(scores));
  }

  /// Of all parameters, as they would travel between ranks.
  static constexpr index_t gradient_bytes =
      Model::layout.parameters * static_cast<index_t>(sizeof(slimfit::compute_type<typename Model::value_type>));

  run_request const& request_;
  Ranks ranks_;
  task_type const& task_;
  weights_function save_end_;
  device_type device_;
  Model net_;
  sample_batches<sample_type, label_type> batches_;
  index_t steps_;
  trainer_type trainer_;
  sample_batch<sample_type, label_type> batch_;  ///< of the next step
  run_record record_;
  checkpoint_writer checkpoints_;
  index_t newest_checkpoint_ = -1;  ///< iteration of the one that was begun last
  bool wants_checkpoint_ = false;
};

}  // namespace examples
