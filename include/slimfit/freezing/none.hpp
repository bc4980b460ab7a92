// SPDX-License-Identifier: MIT
// No unit ranks above another.
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Priority: the same for all. With the default rate of 0 nothing is frozen.
struct none {
  static constexpr double priority(choice_context const& context, index_t unit) {
    static_cast<void>(context);
    static_cast<void>(unit);
    return 0.0;
  }
};

}  // namespace slimfit::freezing
