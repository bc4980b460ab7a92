// SPDX-License-Identifier: MIT
// What the measurements on the host and on CUDA share.
#pragma once

#include <chrono>
#include <ctime>
#include <limits>

#include <slimfit/benchmark/random_batch.hpp>
#include <slimfit/communication/batch_share.hpp>
#include <slimfit/freezing.hpp>
#include <slimfit/train/trainer.hpp>

#include "../measured_step.hpp"
#include "../models.hpp"

namespace examples {

namespace detail {

/// Seconds that `work()` takes, by the clock and summed over processors.
template <class Work>
step_time time_of(Work const& work) {
  auto const start = std::chrono::steady_clock::now();
  auto const processor_start = std::clock();
  work();
  auto const processor = static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC;
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), processor};
}

/// Units that are held are drawn at random: the least relative updates would freeze all but the last, and the backward
/// pass of every step would end early.
inline slimfit::freezing::any_schedule schedule_of(step_request const& request) {
  namespace freezing = slimfit::freezing;
  using rate_type = freezing::run_time_rate;
  using for_ever = freezing::hold<std::numeric_limits<index_t>::max()>;
  rate_type const rate(request.rate);
  if (request.hold || request.graph) {
    return freezing::any_schedule(freezing::inter_layer<freezing::random, rate_type, for_ever>(rate));
  }
  return freezing::any_schedule(freezing::inter_layer<freezing::relative_update, rate_type>(rate));
}

/// A named model, what trains it, and the batch that it is trained on again and again.
/// @tparam Ranks a communicator: each rank has its part of the batch
template <class Model, class Ranks>
class step_training {
 public:
  /// @throws slimfit::value_error where the batch does not go round
  step_training(typename Model::device_type& device, step_request const& request, Ranks const& ranks)
      : ranks_(ranks),
        net_(device, 1),
        trainer_(net_, setup_of(request), ranks),
        batch_(request.batch),
        part_(slimfit::share_of_batch(request.batch, ranks.rank(), ranks.size())) {
    if (request.batch < ranks.size()) {
      throw slimfit::value_error(slimfit::mismatch(
          "--batch", request.batch, "at least " + std::to_string(ranks.size()) + ", a sequence of each rank"));
    }
  }

  slimfit::step_report step() {
    return trainer_.step(slimfit::detail::part_of(std::span(batch_.inputs), part_, Model::network_type::inputs),
                         slimfit::detail::part_of(std::span(batch_.labels), part_, 1));
  }

  /// One step, whose time and memory are added to the result.
  void measure_step(step_measurement& result) {
    slimfit::step_report report;
    auto const before = ranks_.counted();
    result.steps.push_back(time_of([&] { report = step(); }));
    result.ledger.raise_to(report.measured);
    result.planned.raise_to(report.planned);
    if constexpr (!Ranks::is_single) {
      if (!result.traffic) { result.traffic.emplace().ranks = ranks_.size(); }
      result.traffic->sent = result.traffic->sent + (ranks_.counted() - before);
      result.traffic->all_bytes += gradient_bytes;
    }
  }
  /// One step whose memory is recorded.
  void record_step(step_measurement& result) {
    auto& book = net_.device().memory().book();
    book.record(&result.record);
    step();
    book.record(nullptr);
  }

  [[nodiscard]] slimfit::benchmarks::random_batch<Model>& batch() { return batch_; }

 private:
  using trainer_type =
      slimfit::trainer<Model, slimfit::adamw, slimfit::freezing::any_schedule, slimfit::linear_decay, Ranks>;
  static constexpr index_t gradient_bytes =
      Model::layout.parameters * static_cast<index_t>(sizeof(slimfit::compute_type<typename Model::value_type>));

  static typename trainer_type::setup setup_of(step_request const& request) {
    return {.optimizer = {.learning_rate = 1e-5},
            .options = {.seed = 1, .record_steps = request.graph},
            .schedule = schedule_of(request)};
  }

  Ranks ranks_;
  Model net_;
  trainer_type trainer_;
  slimfit::benchmarks::random_batch<Model> batch_;
  slimfit::batch_share part_;
};

/// A result that holds the request, with the policy's freezing rate where it names none.
template <class Policy>
step_measurement measurement_of(step_request const& request) {
  step_measurement result;
  result.request = request;
  if (result.request.rate < 0) { result.request.rate = default_rate<Policy>; }
  return result;
}

}  // namespace detail

}  // namespace examples
