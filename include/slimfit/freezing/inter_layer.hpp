// SPDX-License-Identifier: MIT
// Inter-layer scheduling (ILS): each iteration the units with the lowest priorities are frozen, a fixed share of all.
#pragma once

#include <slimfit/freezing/options.hpp>
#include <slimfit/freezing/ranking.hpp>
#include <slimfit/freezing/rate.hpp>
#include <slimfit/freezing/state.hpp>

namespace slimfit::freezing {

namespace detail {
template <class Criterion, class Rate>
struct inter_layer_requirements {
  static_assert(
      freezing_criterion<Criterion>,
      "slimfit: inter_layer<Criterion, Rate>: Criterion needs a static double priority(choice_context const&, "
      "index_t unit), like freezing::relative_update");
  static_assert(freezing_rate<Rate>,
                "slimfit: inter_layer<Criterion, Rate>: Rate must be percent<N>, linear_rate<From, To, Iterations> or "
                "run_time_rate");
};
}  // namespace detail

/// Sorts units by priority, ascending, the lower index first among equals; freezes the first `floor(rate * units /
/// 100)`. The paper's schedule is `inter_layer<relative_update, percent<95>>`.
/// @tparam Options `hold<N>`, `dense_warm_up<N>`, `at_most_stale<N>`
template <class Criterion, class Rate = percent<0>, class... Options>
class inter_layer : detail::inter_layer_requirements<Criterion, Rate> {
 public:
  using options = schedule_options<Options...>;

  constexpr inter_layer() requires std::default_initializable<Rate>
  = default;
  constexpr explicit inter_layer(Rate rate) : rate_(rate) {}

  /// What changes while training.
  [[nodiscard]] schedule_state<inter_layer> make_state(index_t units, std::uint64_t seed) const {
    return schedule_state<inter_layer>(*this, units, seed);
  }
  /// Whether `unit` is active in some iteration.
  [[nodiscard]] static constexpr bool can_be_active(index_t unit, index_t units) {
    return freezing::can_be_active<Criterion>(unit, units);
  }
  /// The most units active in any iteration, for memory plans.
  [[nodiscard]] constexpr index_t most_active(index_t units) const {
    index_t possible = 0;
    for (index_t unit = 0; unit < units; ++unit) { possible += can_be_active(unit, units) ? 1 : 0; }
    if (options::warm_up_iterations > 0) { return possible; }
    return std::min(possible, units - fewest_frozen_units(rate_, units));
  }
  /// The active units of one choice.
  [[nodiscard]] constexpr active_set select(choice_context const& context) const {
    auto const order = ranking<Criterion>(context, options::stale_choices);
    active_set active;
    for (index_t i = frozen_units(rate_, context.units(), context.iteration); i < context.units(); ++i) {
      auto const& candidate = order[static_cast<std::size_t>(i)];
      if (candidate.priority != never_active) { active.set(candidate.unit); }
    }
    return active;
  }

 private:
  [[no_unique_address]] Rate rate_;
};

}  // namespace slimfit::freezing
