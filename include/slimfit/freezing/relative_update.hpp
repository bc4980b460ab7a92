// SPDX-License-Identifier: MIT
// SlimFit's criterion: units whose weights moved least, relative to their size, are frozen.
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Priority: the mean relative update that the unit's last step made (arXiv 2305.18513). Frozen units keep theirs.
struct relative_update {
  static constexpr double priority(choice_context const& context, index_t unit) {
    auto const& record = context[unit];
    return record.measured ? record.last.relative_update : start_priority(context, unit);
  }
};

}  // namespace slimfit::freezing
