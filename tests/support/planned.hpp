// SPDX-License-Identifier: MIT
// What steps took, beside what the plan of their trainer says.
#pragma once

#include <doctest/doctest.h>

#include <slimfit/train/trainer.hpp>

namespace slimfit::testing {

/// @tparam Plan of a trainer
template <class Plan>
class planned_steps {
 public:
  explicit planned_steps(Plan const& plan) : plan_(plan), bound_(plan.bound()) { CHECK(plan.peak() == bound_.total); }

  /// @param updated units so far
  void check(step_report const& report, active_set const& updated) const {
    CHECK(report.measured == report.planned);
    CHECK(plan_.with(report.active, updated) == report.measured);
    CHECK(bound_.total >= report.measured.total);
    CHECK(bound_.stored >= report.measured.stored);
    CHECK(bound_.temporary >= report.measured.temporary);
    CHECK(bound_.activations >= report.measured.activations);
    CHECK(bound_.offloaded >= report.measured.offloaded);
    for (int i = 0; i < category_count; ++i) {
      auto const which = static_cast<category>(i);
      CAPTURE(category_names[static_cast<std::size_t>(i)]);
      CHECK(bound_.peak_by_category[which] >= report.measured.peak_by_category[which]);
    }
  }

 private:
  Plan plan_;
  memory_usage bound_;
};

}  // namespace slimfit::testing
