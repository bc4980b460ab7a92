// SPDX-License-Identifier: MIT
// Random units are active, as in LISA (arXiv 2403.17919): the baseline that a criterion has to beat.
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Priority: drawn anew for each choice, the same in every run with the same seed.
struct random {
  static constexpr double priority(choice_context const& context, index_t unit) {
    return context.uniform(context.choice, unit);
  }
};

}  // namespace slimfit::freezing
