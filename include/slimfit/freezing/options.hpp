// SPDX-License-Identifier: MIT
// Modifiers of a schedule. Each is named at most once after the criterion and the rate, in any order.
#pragma once

#include <slimfit/core/config.hpp>

namespace slimfit::freezing {

/// Choose every `Iterations` iterations and keep the choice in between (BAdam and LISA hold 20 to 100).
template <index_t Iterations>
struct hold {
  static_assert(Iterations > 0,
                "slimfit: hold<Iterations>: Iterations must be positive; hold<1> chooses every iteration");
  static constexpr index_t hold_iterations = Iterations;
};

/// Nothing is frozen in the first `Iterations` iterations. Plans then count every unit as active.
template <index_t Iterations>
struct dense_warm_up {
  static_assert(Iterations >= 0, "slimfit: dense_warm_up<Iterations>: Iterations must not be negative");
  static constexpr index_t warm_up_iterations = Iterations;
};

/// Ageing: a unit that `Choices` choices in a row left frozen goes before all that are not, the longest frozen first.
/// The number of active units stays what the rate says. Without it a unit with a small last distance can starve.
template <index_t Choices>
struct at_most_stale {
  static_assert(Choices > 0, "slimfit: at_most_stale<Choices>: Choices must be positive");
  static constexpr index_t stale_choices = Choices;
};

namespace detail {
template <class Option>
constexpr index_t hold_of() {
  if constexpr (requires { Option::hold_iterations; }) { return Option::hold_iterations; }
  return 0;
}
template <class Option>
constexpr index_t warm_up_of() {
  if constexpr (requires { Option::warm_up_iterations; }) { return Option::warm_up_iterations; }
  return 0;
}
template <class Option>
constexpr index_t stale_of() {
  if constexpr (requires { Option::stale_choices; }) { return Option::stale_choices; }
  return 0;
}
}  // namespace detail

/// The modifiers' values; 0 where one is not named.
template <class... Options>
struct schedule_options {
  static_assert(((
                     requires { Options::hold_iterations; } || requires { Options::warm_up_iterations; } ||
                     requires { Options::stale_choices; }) &&
                 ...),
                "slimfit: a freezing schedule's options are hold<N>, dense_warm_up<N> and at_most_stale<N>");
  static_assert((0 + ... + (detail::hold_of<Options>() > 0 ? 1 : 0)) < 2 &&
                    (0 + ... + (detail::warm_up_of<Options>() > 0 ? 1 : 0)) < 2 &&
                    (0 + ... + (detail::stale_of<Options>() > 0 ? 1 : 0)) < 2,
                "slimfit: a freezing schedule's option may be named once");
  static constexpr index_t hold_iterations = (index_t{0} + ... + detail::hold_of<Options>());
  static constexpr index_t warm_up_iterations = (index_t{0} + ... + detail::warm_up_of<Options>());
  static constexpr index_t stale_choices = (index_t{0} + ... + detail::stale_of<Options>());
};

}  // namespace slimfit::freezing
