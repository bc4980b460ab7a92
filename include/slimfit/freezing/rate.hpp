// SPDX-License-Identifier: MIT
// Freezing rates: how many of the units are frozen in an iteration. `percent<N>` is the constant one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include <slimfit/core/error.hpp>
#include <slimfit/core/percent.hpp>

namespace slimfit::freezing {

/// Goes from `From` to `To` percent over the first `Iterations` iterations, then stays.
template <int From, int To, index_t Iterations>
struct linear_rate {
  static_assert(From >= 0 && From <= 100 && To >= 0 && To <= 100,
                "slimfit: linear_rate<From, To, Iterations>: From and To are percentages between 0 and 100");
  static_assert(Iterations > 0, "slimfit: linear_rate<From, To, Iterations>: Iterations must be positive");

  [[nodiscard]] static constexpr index_t frozen(index_t units, index_t iteration) {
    index_t const done = std::clamp<index_t>(iteration, 0, Iterations);
    return units * (From * Iterations + (To - From) * done) / (100 * Iterations);
  }
  [[nodiscard]] static constexpr index_t fewest_frozen(index_t units) { return units * std::min(From, To) / 100; }
};

namespace detail {
/// What is wrong with a rate, and what was meant where it is a share.
inline std::string rate_problem(double percent) {
  std::string expected = "percent of the units: 0, or from 1 to below 100, as in percent<90>";
  if (percent > 0 && percent < 1) {
    char hint[64];
    std::snprintf(hint, sizeof hint, "; write %g for a share of %g", std::round(percent * 1e6) / 1e4, percent);
    expected += hint;
  }
  return mismatch("freezing rate", percent, expected);
}
}  // namespace detail

/// A rate known when the program runs, e.g. from a command line: `run_time_rate(90)` freezes as `percent<90>` does.
class run_time_rate {
 public:
  /// @param percent 0, or from 1 to below 100; need not be whole
  /// @throws value_error for others: what lies between 0 and 1 was meant as a share.
  constexpr explicit run_time_rate(double percent) : percent_(percent) {
    if (percent != 0.0 && !(percent >= 1.0 && percent < 100.0)) { throw value_error(detail::rate_problem(percent)); }
  }
  /// `floor(percent * units / 100)`. The small addend makes up for percentages that floating point holds as a little
  /// less, e.g. 64.1.
  [[nodiscard]] constexpr index_t frozen(index_t units, index_t /*iteration*/) const {
    return static_cast<index_t>(percent_ * static_cast<double>(units) / 100 + 1e-9);
  }
  [[nodiscard]] constexpr index_t fewest_frozen(index_t units) const { return frozen(units, 0); }

 private:
  double percent_;
};

/// `percent<N>`, or a type with `frozen(units, iteration)` and the bound `fewest_frozen(units)` for memory plans.
template <class R>
concept freezing_rate = ratio<R> || requires(R const& rate, index_t n) {
  { rate.frozen(n, n) } -> std::convertible_to<index_t>;
  { rate.fewest_frozen(n) } -> std::convertible_to<index_t>;
};

/// Units of `units` that `rate` freezes in `iteration`.
template <class Rate>
constexpr index_t frozen_units(Rate const& rate, index_t units, index_t iteration) {
  if constexpr (ratio<Rate>) {
    return Rate::of(units);
  } else {
    return std::clamp<index_t>(rate.frozen(units, iteration), 0, units);
  }
}

/// The least that `rate` freezes in any iteration.
template <class Rate>
constexpr index_t fewest_frozen_units(Rate const& rate, index_t units) {
  if constexpr (ratio<Rate>) {
    return Rate::of(units);
  } else {
    return std::clamp<index_t>(rate.fewest_frozen(units), 0, units);
  }
}

}  // namespace slimfit::freezing
