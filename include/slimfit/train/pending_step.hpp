// SPDX-License-Identifier: MIT
// A training step from when it is chosen to when it is finished, and the state of training that it leads to.
#pragma once

#include <slimfit/models/training_pass.hpp>
#include <slimfit/train/learning_rate.hpp>
#include <slimfit/train/measured_units.hpp>
#include <slimfit/train/step_report.hpp>

namespace slimfit {

/// All that changes in training but weights and moments.
/// @tparam ScheduleState of a freezing schedule
template <class ScheduleState>
struct training_progress {
  ScheduleState schedule;
  active_set updated{};   ///< units that were updated at least once
  index_t iteration = 0;  ///< steps that were finished
};

template <class ScheduleState>
struct pending_step {
  training_progress<ScheduleState> after;  ///< but for what the step measures
  step_report report{};
  index_t parts = 0;    ///< that were accumulated; 0: the step has one pass
  index_t samples = 0;  ///< of all parts
  batch_result result{.finite = 1};
};

namespace detail {
/// Chooses the step that follows `before`. @param steps length of the run
template <class ScheduleState, class LearningRate>
pending_step<ScheduleState> next_step(training_progress<ScheduleState> const& before, LearningRate const& learning_rate,
                                      index_t steps) {
  pending_step<ScheduleState> next{.after = before};
  auto& report = next.report;
  report.iteration = before.iteration;
  report.learning_rate_factor = detail::rate_factor(learning_rate, before.iteration, steps);
  detail::raise_distances(next.after.schedule, detail::rise(learning_rate, before.iteration, steps));
  report.active = next.after.schedule.choose(before.iteration);
  for (std::size_t i = 0; i < std::size(report.active.words); ++i) {
    next.after.updated.words[i] |= report.active.words[i];
  }
  ++next.after.iteration;
  return next;
}
}  // namespace detail

}  // namespace slimfit
