// SPDX-License-Identifier: MIT
// The memory of training, whatever its schedule chooses: bounds over all steps, from the plans of single ones
// (plan/step_plan.hpp). Known at compile time where wanted.
#pragma once

#include <algorithm>
#include <limits>

#include <slimfit/freezing/active_count.hpp>
#include <slimfit/plan/accumulated.hpp>
#include <slimfit/plan/bound.hpp>
#include <slimfit/plan/step_plan.hpp>
#include <slimfit/plan/trainer_options.hpp>
#include <slimfit/policy/blocks.hpp>

namespace slimfit {

/// Plans training of `Model` with batches of `batch` samples.
/// @tparam Optimizer options of an optimizer, e.g. `adamw`
template <class Model, class Optimizer = adamw>
class memory_plan : public step_plan<Model, Optimizer> {
  using base = step_plan<Model, Optimizer>;
  using base::batch_;
  using base::keeps;
  using base::kept_gradients;
  using base::network_;
  using base::options_;

 public:
  using base::units;
  using base::with;
  using typename base::policy_type;
  using typename base::value_type;

  /// @param options of the optimizer, which may decide how many moments there are
  /// @param active how many units the schedule makes active, see freezing/active_count.hpp; by default the policy's
  constexpr explicit memory_plan(
      index_t batch, Optimizer const& options = {}, plan_options included = {},
      freezing::active_count active = freezing::active_units<typename policy_type::freezing>(units))
      : base(batch, options, included), active_(active) {}
  /// Plans for the very sequences of a batch, which must outlive the plan.
  constexpr explicit memory_plan(sequence_batch const& batch, Optimizer const& options = {}, plan_options included = {})
      : base(batch, options, included) {}
  /// Plans the same layers for sequences of `tokens` tokens instead of the number that the model was compiled for.
  /// @throws value_error when the model cannot have that many
  constexpr memory_plan(index_t batch, index_t tokens, Optimizer const& options = {}) : base(batch, tokens, options) {}

  /// The same for batches that are parts of one, as `trainer::accumulate` takes them; of parts of several sizes plan
  /// the largest.
  [[nodiscard]] constexpr memory_plan<Model, accumulated<Optimizer>> in_parts() const {
    return memory_plan<Model, accumulated<Optimizer>>(*this, active_);
  }

  /// An upper bound over all choices that the schedule can make.
  [[nodiscard]] constexpr memory_usage bound() const {
    auto const found = ends();
    auto usage = bound(active_.most, found);
    // Units may take more memory while they are frozen.
    if (active_.most == units && units > 0 && !active_.always) { usage.raise_to(bound(units - 1, found)); }
    return usage;
  }
  /// How many units the schedule makes active at most.
  [[nodiscard]] constexpr index_t most_active() const { return active_.most; }
  /// Most bytes at any moment, whatever the schedule chooses.
  [[nodiscard]] constexpr index_t peak() const { return bound().peak(); }

  /// An upper bound over all choices of `active` units: what every choice stores, the stashes of the most expensive
  /// units, and the largest temporary memory of any part of the network. Exact when all units are active, but for what
  /// is temporary where parts of a batch are as large as memory allows.
  [[nodiscard]] constexpr memory_usage bound(index_t active) const { return bound(active, ends()); }
  /// The same, given `ends()`.
  [[nodiscard]] constexpr memory_usage bound(index_t active, plan_ends const& found) const {
    require_at_least("plan: active units", active, index_t{0});
    auto usage = bound(active, found.in_small_parts, found.costs);
    if constexpr (base::has_larger_parts) {
      auto const whole = bound(active, found.in_whole, found.costs);
      auto& workspace = usage.peak_by_category[category::workspace];
      workspace = std::min(whole.peak_by_category[category::workspace], usage.activations);
      usage.temporary = std::min(whole.temporary, usage.activations);
    }
    return usage;
  }

  /// What bounds are made of, whatever the number of active units.
  [[nodiscard]] constexpr plan_ends ends() const {
    auto const all = active_set::all(units);
    auto const least = base::visited();
    plan_ends found{{base::with_parts(all, all, 0), least.usage}, {}, least.costs};
    if constexpr (base::has_larger_parts) {
      found.in_whole = {base::with_parts(all, all, unlimited_budget),
                        base::with_parts(base::least(), all, unlimited_budget)};
    }
    return found;
  }

 private:
  template <class, class>
  friend class memory_plan;
  template <class Other>
  constexpr memory_plan(memory_plan<Model, Other> const& other, freezing::active_count active)
      : base(other), active_(active) {}

  [[nodiscard]] constexpr memory_usage bound(index_t active, outer_steps const& found, unit_costs const& costs) const {
    return active < units ? terms(active, found, costs).sum() : found.all;
  }
  /// The terms of a bound over all choices of `active` units, fewer than all.
  [[nodiscard]] constexpr bound_terms terms(index_t active, outer_steps const& found, unit_costs const& costs) const {
    auto const& all = found.all;
    auto const& least = found.least;
    auto peaks = least.peak_by_category;
    peaks.raise_to(all.peak_by_category);
    auto const stored_costs = unit_sums(costs.stored);
    // Units that share a stash count it each. All units together store no more than they do, unless some save memory.
    bool const adds = *std::min_element(stored_costs.of, stored_costs.of + units) >= 0;
    index_t const dearest = stored_costs.sum_of_largest(active, units);
    bool const gathers = keeps || detail::accumulates<Optimizer>;

    bound_terms terms{.peaks = least.peak_by_category, .stored = least.stored};
    terms.stashes = adds ? std::min(dearest, all.stored - least.stored) : dearest;
    terms.stashes_at_peak = has_stashed_blocks_only
                                ? terms.stashes
                                : unit_sums(costs.stored, costs.recomputed).sum_of_largest(active, units);
    terms.offloaded = adds ? std::min(least.offloaded + dearest, all.offloaded) : least.offloaded + dearest;
    terms.moments = options_.drops() ? most_moments(active) : least.peak_by_category[category::optimizer];
    terms.kept_gradients = gathers ? most_gradients(active) : 0;
    if constexpr (keeps) { terms.kept_gradients += this->exchanged(); }
    terms.workspace = peaks[category::workspace];
    if constexpr (keeps) {
      terms.temporary = terms.workspace;
    } else {
      index_t const kept_by_least = gathers ? kept_gradients(base::least()) : 0;
      index_t const kept_by_all = gathers ? kept_gradients(active_set::all(units)) : 0;
      terms.released_gradients = std::max(least.peak_by_category[category::gradients] - kept_by_least,
                                          all.peak_by_category[category::gradients] - kept_by_all);
      terms.temporary = std::max(least.temporary - kept_by_least, all.temporary - kept_by_all);
    }
    return terms;
  }
  static constexpr bool has_stashed_blocks_only = std::is_same_v<typename policy_type::blocks, blocks::stashed>;

  template <class... Costs>
  [[nodiscard]] static constexpr detail::unit_bytes unit_sums(Costs const&... costs) {
    detail::unit_bytes sums;
    for (index_t unit = 0; unit < units; ++unit) { sums.of[unit] = (costs[unit] + ...); }
    return sums;
  }
  /// The most bytes of gradients that are kept when `active` units are active.
  [[nodiscard]] constexpr index_t most_gradients(index_t active) const {
    return most_over_units(active, [this](index_t count) {
      return detail::array_bytes<value_type>(count) *
             (detail::accumulates<Optimizer> ? base::included_.kept_gradients : 1);
    });
  }
  /// The most bytes of their moments.
  [[nodiscard]] constexpr index_t most_moments(index_t active) const {
    return most_over_units(active, [this](index_t count) { return options_.template moment_bytes<value_type>(count); });
  }
  /// Sum of `bytes(count)` over what is always active and the `active` units for which it is largest.
  template <class Bytes>
  [[nodiscard]] constexpr index_t most_over_units(index_t active, Bytes const& bytes) const {
    detail::unit_bytes sizes;
    index_t always = 0;
    auto network = network_;
    network.visit([&](parameter<value_type> const& each,
                      no_name) { (each.unit == no_unit ? always : sizes.of[each.unit]) += bytes(each.count()); },
                  no_name{});
    return always + sizes.sum_of_largest(active, units);
  }

  freezing::active_count active_ = freezing::active_units<typename policy_type::freezing>(units);
};

/// Whether `T` is a `trainer`, for the plans of all that it is made of.
template <class T>
concept plannable_trainer = requires {
  typename T::model_type;
  typename T::options_type;
  typename T::schedule_type;
};

namespace detail {
/// Options that plans of a trainer are made by: its optimizer's, or what more it says.
template <class Trainer>
struct planned_options {
  using type = typename Trainer::options_type;
};
template <class Trainer>
requires requires { typename Trainer::planned_type; }
struct planned_options<Trainer> {
  using type = typename Trainer::planned_type;
};
}  // namespace detail

/// The plan of training `Model`: `static_assert(plan<model>(128).peak() < 6 * GiB)`. With another schedule than the
/// policy's give the trainer's type, as below.
template <class Model, class Optimizer = adamw>
requires(!plannable_trainer<Model>) constexpr memory_plan<Model, Optimizer> plan(index_t batch) {
  return memory_plan<Model, Optimizer>(batch);
}
/// The same with what `included` says.
template <class Model, class Optimizer = adamw>
requires(!plannable_trainer<Model>) constexpr memory_plan<Model, Optimizer> plan(index_t batch, plan_options included) {
  return memory_plan<Model, Optimizer>(batch, {}, included);
}
/// The same for sequences of `tokens` tokens.
template <class Model, class Optimizer = adamw>
requires(!plannable_trainer<Model>) constexpr memory_plan<Model, Optimizer> plan(index_t batch, index_t tokens) {
  return memory_plan<Model, Optimizer>(batch, tokens);
}

/// The plan of a trainer, with its optimizer and its schedule: `plan<trainer<model, adamw, freezing::never>>(128)`.
/// Give the arguments that the trainer is made with, where they are not the default ones; `trainer::plan` knows them.
/// `in_parts()` plans what `trainer::accumulate` takes.
template <plannable_trainer Trainer>
constexpr auto plan(index_t batch, typename Trainer::options_type const& options = {},
                    trainer_options const& settings = {}) {
  using model_type = typename Trainer::model_type;
  using planned_type = typename detail::planned_options<Trainer>::type;
  return memory_plan<model_type, planned_type>(
      batch, planned_type{options}, plan_options_of(settings),
      freezing::active_units<typename Trainer::schedule_type>(model_type::units));
}
template <plannable_trainer Trainer>
constexpr auto plan(index_t batch, typename Trainer::options_type const& options, trainer_options const& settings,
                    typename Trainer::schedule_type const& schedule) {
  using model_type = typename Trainer::model_type;
  using planned_type = typename detail::planned_options<Trainer>::type;
  return memory_plan<model_type, planned_type>(batch, planned_type{options}, plan_options_of(settings),
                                               freezing::active_units(schedule, model_type::units));
}

}  // namespace slimfit
