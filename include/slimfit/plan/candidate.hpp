// SPDX-License-Identifier: MIT
// What `fit` chooses from: policies with what they cost besides memory, which is planned.
#pragma once

#include <type_traits>

#include <slimfit/freezing.hpp>

namespace slimfit {

/// A preset at a freezing rate.
/// @tparam Preset        a model policy
/// @tparam FrozenPercent of the units, in each step, by the paper's schedule; 0: nothing is frozen
/// @tparam Error         of the active units' gradients against exact ones, norm-wise, in ten thousandths
/// @tparam TimePercent   of a step, of `policy::eager`'s with nothing frozen
template <class Preset, int FrozenPercent, int Error, int TimePercent>
struct candidate {
  static_assert(
      FrozenPercent >= 0 && FrozenPercent < 100 && Error >= 0 && TimePercent > 0,
      "slimfit: candidate<Preset, FrozenPercent, Error, TimePercent>: FrozenPercent must be 0 to 99, Error at "
      "least 0 and TimePercent positive");

  using preset = Preset;
  struct policy_type : Preset {
    using freezing =
        std::conditional_t<FrozenPercent == 0, slimfit::freezing::never,
                           slimfit::freezing::inter_layer<slimfit::freezing::relative_update, percent<FrozenPercent>>>;
  };
  static constexpr double rate = FrozenPercent;  ///< percent
  static constexpr double gradient_error = Error / 10000.0;
  static constexpr double time = TimePercent / 100.0;
  /// Square of the error of a whole step against one that updates everything exactly, where all units have gradients
  /// alike: what is frozen is missing whole.
  static constexpr double step_error_squared =
      FrozenPercent / 100.0 + (1 - FrozenPercent / 100.0) * gradient_error * gradient_error;
};

/// Candidates to choose from. A program may list its own: types with the members of `candidate`.
template <class... Candidates>
struct candidates {};

namespace detail {
template <class... Lists>
struct joined_candidates {
  using type = candidates<>;
};
template <class... First, class... Second, class... Rest>
struct joined_candidates<candidates<First...>, candidates<Second...>, Rest...>
    : joined_candidates<candidates<First..., Second...>, Rest...> {};
template <class... All>
struct joined_candidates<candidates<All...>> {
  using type = candidates<All...>;
};

template <class List, int TimePercent>
struct quick_candidates;
template <class... All, int TimePercent>
struct quick_candidates<candidates<All...>, TimePercent> {
  using type = typename joined_candidates<
      std::conditional_t<(All::time <= TimePercent / 100.0), candidates<All>, candidates<>>...>::type;
  static_assert(
      !std::is_same_v<type, candidates<>>,
      "slimfit: candidates_within<Candidates, TimePercent>: no candidate's step takes as little; raise TimePercent");
};
}  // namespace detail

/// Those of `Candidates` (or of a `choice_table`) whose steps take at most `TimePercent` of the time of
/// `policy::eager`'s with nothing frozen.
template <class Candidates, int TimePercent>
using candidates_within = typename detail::quick_candidates<Candidates, TimePercent>::type;

}  // namespace slimfit
