// SPDX-License-Identifier: MIT
// A preference for late layers around another criterion. The backward pass ends at the lowest active unit when biases
// wait for their weights (bias_updates::with_unit), so what is chosen late is cheap in time and memory.
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Priority: `Criterion`'s, times a factor that grows evenly from 1 for the first unit to `Times` for the last.
/// @tparam Times how much more a unit of the last layer counts than one of the first; 1 is no preference
template <freezing_criterion Criterion, index_t Times>
struct weighted_by_depth {
  static_assert(Times >= 1, "slimfit: weighted_by_depth<Criterion, Times>: Times must be at least 1");

  static constexpr double priority(choice_context const& context, index_t unit) {
    double const share =
        context.units() > 1 ? static_cast<double>(unit) / static_cast<double>(context.units() - 1) : 0.0;
    return Criterion::priority(context, unit) * (1.0 + share * static_cast<double>(Times - 1));
  }
  static constexpr bool can_be_active(index_t unit, index_t units) {
    return freezing::can_be_active<Criterion>(unit, units);
  }
};

}  // namespace slimfit::freezing
