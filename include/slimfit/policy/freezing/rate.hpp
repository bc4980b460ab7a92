// SPDX-License-Identifier: MIT
// Freezing rates: how many of the units are frozen in an iteration. `percent<N>` is the constant one.
#pragma once

#include <algorithm>

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

/// A rate known when the program runs, e.g. from a command line.
class run_time_rate {
 public:
  /// @throws value_error unless `0 <= rate < 1`.
  constexpr explicit run_time_rate(double rate) : rate_(rate) {
    if (!(rate >= 0.0 && rate < 1.0)) {
      throw value_error(
          mismatch("freezing rate", rate, "at least 0 and less than 1, a share of the units: 0.9 for 90 %"));
    }
  }
  /// `floor(rate * units)`. The small addend makes 0.29 of 100 units 29, as in `percent<29>`, though 0.29 * 100 is
  /// 28.999999999999996 in floating point.
  [[nodiscard]] constexpr index_t frozen(index_t units, index_t /*iteration*/) const {
    return static_cast<index_t>(rate_ * static_cast<double>(units) + 1e-9);
  }
  [[nodiscard]] constexpr index_t fewest_frozen(index_t units) const { return frozen(units, 0); }

 private:
  double rate_;
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
