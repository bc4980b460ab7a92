// SPDX-License-Identifier: MIT
// A table of what each way of an operator, and of whole blocks, to keep inputs costs: bytes, time, error of the
// gradients. And the candidates of `fit` that follow from it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include <slimfit/core/constant_math.hpp>
#include <slimfit/plan/candidate.hpp>
#include <slimfit/policy/changes.hpp>

namespace slimfit {

/// A way for an operator to keep what its backward pass needs.
/// @tparam Change      of a policy, see policy/changes.hpp
/// @tparam Bytes       per token and block that it keeps beside the operator's first choice, whatever is active;
///                     negative: less. They order the choices; what fits a budget is planned
/// @tparam ActiveBytes the same of what is kept while all weights are active and not otherwise
/// @tparam Error       that it alone brings into gradients, norm-wise, in ten thousandths
/// @tparam Time        that it adds to a step, in thousandths of `policy::eager`'s with nothing frozen
template <class Change, int Bytes, int ActiveBytes, int Error, int Time>
struct operator_choice {
  static_assert(Error >= 0,
                "slimfit: operator_choice<Change, Bytes, ActiveBytes, Error, Time>: Error must be at least 0");
  using change = Change;
  static constexpr int bytes = Bytes;
  static constexpr int active_bytes = ActiveBytes;
  static constexpr int error = Error;
  static constexpr int time = Time;
};

/// What an operator has to choose from, its most exact way first.
template <class First, class... Choices>
struct operator_choices {
  template <int I>
  using at = std::tuple_element_t<static_cast<std::size_t>(I), std::tuple<First, Choices...>>;

  struct cost {
    int bytes;
    int active_bytes;
    int error;
  };
  static constexpr std::array<cost, 1 + sizeof...(Choices)> costs{
      {{First::bytes, First::active_bytes, First::error}, {Choices::bytes, Choices::active_bytes, Choices::error}...}};
};

/// A way for whole blocks: `blocks`, or a part of them.
/// @tparam Steps of the operators' ladder that it is combined with, from all at their first choices on: what is
///               recomputed leaves little to code
/// @tparam Error as for `operator_choice`
/// @tparam Times of a step of the table's base policy at each of its freezing rates, in percent of `policy::eager`'s
///               with nothing frozen
template <class Change, int Steps, int Error, int... Times>
struct blocks_choice {
  static_assert(Steps > 0 && Error >= 0,
                "slimfit: blocks_choice<Change, Steps, Error, Times...>: Steps must be positive and Error at least 0");
  using change = Change;
  static constexpr std::size_t steps = Steps;
  static constexpr int error = Error;
  static constexpr std::array<int, sizeof...(Times)> times{Times...};
};

/// Shares of the units that are frozen, in percent.
template <int... FrozenPercent>
struct freezing_rates {
  static constexpr std::array<int, sizeof...(FrozenPercent)> percent{FrozenPercent...};
};

/// What there is for whole blocks: `blocks_choice` each.
template <class... Choices>
struct blocks_choices {};

/// All that there is to choose from.
/// @tparam Base      a model policy, which the choices change
/// @tparam Rates     `freezing_rates`
/// @tparam Blocks    `blocks_choices` of `blocks_choice`
/// @tparam Operators `operator_choices` each
template <class Base, class Rates, class Blocks, class... Operators>
struct choice_table {};

namespace detail {

/// Numbers of the operators' choices, from all at their first to all at their smallest: each step changes the operator
/// whose squared error grows least per byte that it keeps less.
template <class... Operators>
struct choice_ladder {
  using step = std::array<int, sizeof...(Operators)>;
  std::array<step, (1 + ... + (Operators::costs.size() - 1))> steps{};
  std::size_t count = 1;

  constexpr explicit choice_ladder(int frozen_percent) {
    double const active = 1 - frozen_percent / 100.0;
    for (bool found = true; found;) {
      found = false;
      step const present = steps[count - 1];
      step next = present;
      double least = 0;
      auto const consider = [&](std::size_t which, auto const& costs) {
        for (int other = present[which] + 1; other < static_cast<int>(costs.size()); ++other) {
          auto const& now = costs[static_cast<std::size_t>(present[which])];
          auto const& then = costs[static_cast<std::size_t>(other)];
          double const saved = now.bytes - then.bytes + active * (now.active_bytes - then.active_bytes);
          if (saved <= 0) { continue; }
          double const slope = (square(then.error) - square(now.error)) / saved;
          if (found && slope >= least) { continue; }
          found = true;
          least = slope;
          next = present;
          next[which] = other;
        }
      };
      std::size_t which = 0;
      (consider(which++, Operators::costs), ...);
      if (found) { steps[count++] = next; }
    }
  }
  static constexpr double square(double x) { return x * x; }
};

template <class Table>
struct table_candidates;
template <class Base, int... FrozenPercent, class... Blocks, class... Operators>
struct table_candidates<choice_table<Base, freezing_rates<FrozenPercent...>, blocks_choices<Blocks...>, Operators...>> {
  using rates = freezing_rates<FrozenPercent...>;
  template <std::size_t Rate>
  static constexpr choice_ladder<Operators...> ladder{rates::percent[Rate]};

  /// Errors of operators are independent: their squares add up.
  template <int... Errors>
  static constexpr int combined_error = static_cast<int>(constant::sqrt((0.0 + ... + (1.0 * Errors * Errors))) + 0.5);
  template <std::size_t Rate, class Block, class... Choices>
  using combination =
      candidate<policy::changed<Base, typename Choices::change..., typename Block::change>, rates::percent[Rate],
                combined_error<Block::error, Choices::error...>, Block::times[Rate] + (0 + ... + Choices::time) / 10>;

  template <std::size_t Rate, class Block, std::size_t Step, std::size_t... Operator>
  static auto at(std::index_sequence<Operator...>)
      -> combination<Rate, Block, typename Operators::template at<ladder<Rate>.steps[Step][Operator]>...>;
  template <std::size_t Rate, class Block, std::size_t... Step>
  static auto ladder_of(std::index_sequence<Step...>)
      -> candidates<decltype(at<Rate, Block, Step>(std::index_sequence_for<Operators...>{}))...>;
  template <std::size_t Rate>
  static auto with_rate() -> typename joined_candidates<decltype(ladder_of<Rate, Blocks>(
      std::make_index_sequence<std::min(Blocks::steps, ladder<Rate>.count)>{}))...>::type;
  template <std::size_t... Rate>
  static auto all(std::index_sequence<Rate...>) -> typename joined_candidates<decltype(with_rate<Rate>())...>::type;

  static_assert(((Blocks::times.size() == sizeof...(FrozenPercent)) && ...),
                "slimfit: choice_table: every blocks_choice needs a time for each of the freezing rates");
  using type = decltype(all(std::make_index_sequence<sizeof...(FrozenPercent)>{}));
};

template <class Base, class Rates, class Blocks, class... Operators, int TimePercent>
struct quick_candidates<choice_table<Base, Rates, Blocks, Operators...>, TimePercent>
    : quick_candidates<typename table_candidates<choice_table<Base, Rates, Blocks, Operators...>>::type, TimePercent> {
};

}  // namespace detail

/// All candidates that a `choice_table` gives: at each rate, for each choice of blocks, steps of a ladder of
/// the operators' choices.
template <class Table>
using candidates_of = typename detail::table_candidates<Table>::type;

}  // namespace slimfit
