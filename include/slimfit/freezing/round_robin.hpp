// SPDX-License-Identifier: MIT
// Block coordinate descent: units take turns, front to back, as in BAdam (arXiv 2404.02827).
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Priority: how long ago the unit was active, the frontmost first among equals. Every unit gets its turn in each
/// cycle, also while the rate changes.
struct round_robin {
  static constexpr double priority(choice_context const& context, index_t unit) {
    index_t const age = context.choice - context[unit].last_active;
    return static_cast<double>(age * context.units() - unit);
  }
};

}  // namespace slimfit::freezing
