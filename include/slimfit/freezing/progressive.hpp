// SPDX-License-Identifier: MIT
// Freezes from front to back, as in AutoFreeze (arXiv 2102.01386): early layers settle first.
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Priority: the unit's position. With a rate that grows (`linear_rate`), ever more of the front is frozen.
struct progressive {
  static constexpr double priority(choice_context const& context, index_t unit) {
    static_cast<void>(context);
    return static_cast<double>(unit);
  }
};

}  // namespace slimfit::freezing
