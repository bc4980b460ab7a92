// SPDX-License-Identifier: MIT
// Learning-rate schedules: plain callables from (step, steps) to a factor on the optimizer's learning rate. Steps count
// from 0; any function with this signature will do.
#pragma once

#include <algorithm>
#include <cmath>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit {

namespace detail {
/// The factor of a step of `warm_up`: from 1 / warm_up in the first to 1 in the last. None is 0: that step would teach
/// nothing.
/// @throws value_error for a negative `warm_up`
constexpr double warm_up_factor(char const* name, index_t step, index_t warm_up) {
  if (warm_up < 0) { raise_mismatch<value_error>(name, warm_up, {"at least 0"}); }
  return step < warm_up ? static_cast<double>(step + 1) / static_cast<double>(warm_up) : 1.0;
}
}  // namespace detail

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

/// Linear decays of the paper's published code: (steps + ahead - step) / (steps + over), and 0 in the first step where
/// it `starts_at_0`. With all of them 0 it is `linear_decay`.
struct published_decay {
  double ahead = 0;
  double over = 0;
  bool starts_at_0 = false;
  constexpr double operator()(index_t step, index_t steps) const {
    if (step == 0 && starts_at_0) { return 0.0; }
    double const left = static_cast<double>(steps) + ahead - static_cast<double>(step);
    return left > 0 ? left / (static_cast<double>(steps) + over) : 0.0;
  }
  friend constexpr bool operator==(published_decay const&, published_decay const&) = default;
};

/// From 1 / warm_up to 1 in `warm_up` steps, then straight down to 0 after the last.
struct linear_warm_up {
  index_t warm_up = 0;
  constexpr double operator()(index_t step, index_t steps) const {
    double const rising = detail::warm_up_factor("linear_warm_up: warm_up", step, warm_up);
    if (step < warm_up) { return rising; }
    return linear_decay{}(step - warm_up, std::max<index_t>(steps - warm_up, 1));
  }
};

/// From 1 / warm_up to 1 in `warm_up` steps, then half a cosine down to 0 after the last.
struct cosine_decay {
  index_t warm_up = 0;
  double operator()(index_t step, index_t steps) const {
    double const rising = detail::warm_up_factor("cosine_decay: warm_up", step, warm_up);
    if (step < warm_up) { return rising; }
    if (step >= steps) { return 0.0; }
    constexpr double pi = 3.14159265358979323846;
    return 0.5 * (1.0 + std::cos(pi * static_cast<double>(step - warm_up) / static_cast<double>(steps - warm_up)));
  }
};

namespace detail {

/// What a schedule gives for a step; 1 where a run has no length.
/// @throws value_error unless it is finite and at least 0
template <class LearningRate>
double rate_factor(LearningRate const& rate, index_t step, index_t steps) {
  if (steps == 0) { return 1.0; }
  double const factor = rate(step, steps);
  if (!(factor >= 0 && std::isfinite(factor))) {
    raise_mismatch<value_error>(joined({"learning-rate factor of step ", step}), factor,
                                {"a finite number, at least 0"});
  }
  return factor;
}

/// How many times the largest factor of the steps before a step has, where that is more than 1; else 1.
template <class LearningRate>
double rise(LearningRate const& rate, index_t step, index_t steps) {
  double const factor = rate_factor(rate, step, steps);
  if (step == 0 || factor <= rate_factor(rate, step - 1, steps)) { return 1.0; }
  double largest = 0;
  for (index_t before = 0; before < step && largest < factor; ++before) {
    largest = std::max(largest, rate_factor(rate, before, steps));
  }
  return largest > 0 && factor > largest ? factor / largest : 1.0;
}

}  // namespace detail

}  // namespace slimfit
