// SPDX-License-Identifier: MIT
// Units with small gradients are frozen.
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Priority: the Euclidean norm of the gradient at the unit's last step. Frozen units keep theirs.
struct gradient_norm {
  static constexpr double priority(choice_context const& context, index_t unit) {
    auto const& record = context[unit];
    return record.measured ? record.last.gradient_norm : start_priority(context, unit);
  }
};

}  // namespace slimfit::freezing
