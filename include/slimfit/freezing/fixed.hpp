// SPDX-License-Identifier: MIT
// The same units are active in every iteration: only biases, only the head, only the last layers.
#pragma once

#include <slimfit/freezing/criterion.hpp>

namespace slimfit::freezing {

/// Predicate for `fixed`: the last `Count` units.
template <index_t Count>
struct last {
  static_assert(Count >= 0, "slimfit: last<Count>: Count must not be negative, e.g. last<8> for a ViT's last block");
  static constexpr bool active(index_t unit, index_t units) { return unit >= units - Count; }
};

/// Predicate for `fixed`: no unit is active; biases still train (BitFit, arXiv 2106.10199).
using no_units = last<0>;

/// What `Predicate` must look like.
template <class P>
concept unit_predicate = requires(index_t unit, index_t units) {
  { P::active(unit, units) } -> std::convertible_to<bool>;
};

namespace detail {
template <class Predicate>
struct checked_predicate {
  static_assert(unit_predicate<Predicate>,
                "slimfit: fixed<Predicate>: Predicate needs a static bool active(index_t unit, index_t units), like "
                "freezing::last<8>");
};
}  // namespace detail

/// Priority: equal for the units that `Predicate::active(unit, units)` accepts; others are never active. The default
/// rate of 0 keeps all accepted units active.
template <class Predicate>
struct fixed : private detail::checked_predicate<Predicate> {
  static constexpr bool can_be_active(index_t unit, index_t units) {
    return unit >= 0 && unit < units && Predicate::active(unit, units);
  }
  static constexpr double priority(choice_context const& context, index_t unit) {
    return can_be_active(unit, context.units()) ? 0.0 : never_active;
  }
};

}  // namespace slimfit::freezing
