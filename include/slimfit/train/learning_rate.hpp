// SPDX-License-Identifier: MIT
// Learning-rate schedules: plain callables from (step, steps) to a factor on the optimizer's learning rate. Steps count
// from 0; any function with this signature will do.
#pragma once

#include <algorithm>
#include <cmath>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// 1 throughout.
struct constant_rate {
  constexpr double operator()(index_t /*step*/, index_t /*steps*/) const { return 1.0; }
};

/// From 1 in the first step straight down to 0 after the last: the paper's schedule and the default.
struct linear_decay {
  constexpr double operator()(index_t step, index_t steps) const {
    if (step >= steps) { return 0.0; }
    return static_cast<double>(steps - step) / static_cast<double>(steps);
  }
};

/// From 0 to 1 in `warm_up` steps, then straight down to 0 after the last.
struct linear_warm_up {
  index_t warm_up = 0;
  constexpr double operator()(index_t step, index_t steps) const {
    if (step < warm_up) { return static_cast<double>(step) / static_cast<double>(warm_up); }
    return linear_decay{}(step - warm_up, std::max<index_t>(steps - warm_up, 1));
  }
};

/// From 0 to 1 in `warm_up` steps, then half a cosine down to 0 after the last.
struct cosine_decay {
  index_t warm_up = 0;
  double operator()(index_t step, index_t steps) const {
    if (step < warm_up) { return static_cast<double>(step) / static_cast<double>(warm_up); }
    if (step >= steps) { return 0.0; }
    constexpr double pi = 3.14159265358979323846;
    return 0.5 * (1.0 + std::cos(pi * static_cast<double>(step - warm_up) / static_cast<double>(steps - warm_up)));
  }
};

}  // namespace slimfit
