// SPDX-License-Identifier: MIT
// Ratios known at compile time. They are integers because floating-point template values are not portable.
#pragma once

#include <slimfit/core/config.hpp>

namespace slimfit {

/// `Count / 100`, e.g. a freezing rate of `percent<95>` or a pruning ratio of `percent<10>`.
template <int Count>
struct percent {
  static_assert(Count >= 0 && Count <= 100,
                "slimfit: percent<Count>: Count must be between 0 and 100, e.g. percent<95>");
  static constexpr int numerator = Count;
  static constexpr int denominator = 100;
  /// `floor(ratio * count)`.
  SLIMFIT_HD static constexpr index_t of(index_t count) { return count * numerator / denominator; }
  SLIMFIT_HD static constexpr double value() { return static_cast<double>(numerator) / denominator; }
};

/// A type with `of(count)` and `value()`.
template <class R>
concept ratio = requires(index_t count) {
  R::of(count);
  R::value();
};

}  // namespace slimfit
