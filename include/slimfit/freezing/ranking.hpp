// SPDX-License-Identifier: MIT
// Orders units from first frozen to last frozen, the rule that all schedules share.
#pragma once

#include <algorithm>
#include <vector>

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// A unit and what it is sorted by.
struct ranked_unit {
  index_t unit = 0;
  double priority = 0;
  index_t overdue = 0;  ///< how long it has been frozen, where that is too long; else 0

  /// Whether it is frozen before `other`. Ties are broken by index: the lower one is frozen first.
  [[nodiscard]] constexpr bool before(ranked_unit const& other) const {
    if (overdue != other.overdue) { return overdue < other.overdue; }
    if (priority < other.priority) { return true; }
    if (other.priority < priority) { return false; }
    return unit < other.unit;
  }
};

/// All units in ascending order.
/// @param stale_choices a unit frozen for as many choices goes to the end; 0 for no such rule
template <freezing_criterion Criterion>
constexpr std::vector<ranked_unit> ranking(choice_context const& context, index_t stale_choices) {
  std::vector<ranked_unit> order;
  order.reserve(context.records.size());
  for (index_t unit = 0; unit < context.units(); ++unit) {
    double priority = Criterion::priority(context, unit);
    // NaN would break the order; training that diverged shows best with the unit active.
    if (priority != priority) { priority = std::numeric_limits<double>::infinity(); }
    index_t const frozen_for = context.choice - context[unit].last_active - 1;
    bool const overdue = stale_choices > 0 && frozen_for >= stale_choices && priority != never_active;
    order.push_back({unit, priority, overdue ? frozen_for : 0});
  }
  std::sort(order.begin(), order.end(), [](auto const& a, auto const& b) { return a.before(b); });
  return order;
}

}  // namespace slimfit::freezing
