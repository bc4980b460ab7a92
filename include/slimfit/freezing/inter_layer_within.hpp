// SPDX-License-Identifier: MIT
// Inter-layer scheduling by bytes: as many of the best units as fit a budget of dynamic activations.
#pragma once

#include <slimfit/freezing/options.hpp>
#include <slimfit/freezing/ranking.hpp>
#include <slimfit/freezing/state.hpp>

namespace slimfit::freezing {

namespace detail {
template <class Criterion, index_t Budget, class Options>
struct checked_within {
  static_assert(freezing_criterion<Criterion>,
                "slimfit: inter_layer_within<Criterion, Budget>: Criterion needs a static double priority("
                "choice_context const&, index_t unit), like freezing::relative_update");
  static_assert(Budget >= 0, "slimfit: inter_layer_within<Criterion, Budget>: Budget is in bytes and not negative");
  static_assert(Options::warm_up_iterations == 0,
                "slimfit: inter_layer_within: dense_warm_up would exceed the budget; remove it or use inter_layer");
};
}  // namespace detail

/// Goes through the units from the highest priority down and activates each whose dynamic activation still fits
/// `Budget` bytes; one that does not fit is passed over and cheaper ones after it may be chosen. Its own turn comes
/// when it is first. Ties as in `inter_layer`. `dense_warm_up` would break the budget and is refused.
/// @tparam Options `hold<N>`, `at_most_stale<N>`
template <class Criterion, index_t Budget, class... Options>
class inter_layer_within : detail::checked_within<Criterion, Budget, schedule_options<Options...>> {
 public:
  using options = schedule_options<Options...>;
  static constexpr index_t budget = Budget;

  /// @param costs bytes of dynamic activation by unit: `plan<model>(batch).unit_costs()`, copied into a vector. Units
  /// that share one stash (query, key and value of a block) count it each, so a choice stores at most the sum.
  /// @throws value_error when a cost is negative or alone above the budget: the unit would never train.
  explicit inter_layer_within(std::vector<index_t> costs) : costs_(std::move(costs)) {
    for (std::size_t i = 0; i < costs_.size(); ++i) {
      bool const trains = can_be_active(static_cast<index_t>(i), static_cast<index_t>(costs_.size()));
      if (costs_[i] < 0 || (trains && costs_[i] > Budget)) {
        raise_mismatch<value_error>(joined({"inter_layer_within: cost of unit ", i}), costs_[i],
                                    {"at least 0 and at most the budget of ", Budget, " bytes"});
      }
    }
  }

  /// What changes while training.
  /// @throws shape_error unless there is one cost per unit.
  [[nodiscard]] schedule_state<inter_layer_within> make_state(index_t units, std::uint64_t seed) const {
    require_equal("inter_layer_within: number of units", units, static_cast<index_t>(costs_.size()));
    return schedule_state<inter_layer_within>(*this, units, seed);
  }
  /// Whether `unit` is active in some iteration.
  [[nodiscard]] static constexpr bool can_be_active(index_t unit, index_t units) {
    return freezing::can_be_active<Criterion>(unit, units);
  }
  /// The most units active in any iteration: as many of the cheapest as fit. A plan knows this number and no budget: it
  /// bounds the memory by the most expensive units of so many, which may be more than any choice stores.
  [[nodiscard]] index_t most_active(index_t units) const {
    auto cheapest = costs_;
    std::sort(cheapest.begin(), cheapest.end());
    index_t sum = 0;
    index_t count = 0;
    for (auto const cost : cheapest) {
      if (cost > Budget - sum) { break; }
      sum += cost;
      ++count;
    }
    return std::min(count, units);
  }
  /// The active units of one choice.
  [[nodiscard]] active_set select(choice_context const& context) const {
    auto const order = ranking<Criterion>(context, options::stale_choices);
    active_set active;
    index_t left = Budget;
    for (auto candidate = order.rbegin(); candidate != order.rend(); ++candidate) {
      auto const cost = costs_[static_cast<std::size_t>(candidate->unit)];
      if (candidate->priority == never_active || cost > left) { continue; }
      active.set(candidate->unit);
      left -= cost;
    }
    return active;
  }

 private:
  std::vector<index_t> costs_;
};

}  // namespace slimfit::freezing
