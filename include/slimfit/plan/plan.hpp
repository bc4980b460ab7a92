// SPDX-License-Identifier: MIT
// The memory of training, whatever its schedule chooses: bounds over all steps, from the plans of single ones
// (plan/step_plan.hpp). Known at compile time where wanted.
#pragma once

#include <algorithm>
#include <limits>

#include <slimfit/freezing/active_count.hpp>
#include <slimfit/plan/accumulated.hpp>
#include <slimfit/plan/step_plan.hpp>
#include <slimfit/plan/trainer_options.hpp>
#include <slimfit/policy/blocks.hpp>

namespace slimfit {

/// Steps in which every unit is active, and as few as the backward pass still visits the whole network with; and what
/// units cost beside the latter.
struct plan_ends {
  memory_usage all;
  memory_usage least;
  unit_costs costs;
};

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
  /// units, and the largest temporary memory of any part of the network. Exact when all units are active.
  [[nodiscard]] constexpr memory_usage bound(index_t active) const { return bound(active, ends()); }
  /// The same, given `ends()`.
  [[nodiscard]] constexpr memory_usage bound(index_t active, plan_ends const& found) const {
    require_at_least("plan: active units", active, index_t{0});
    auto const& all = found.all;
    if (active >= units) { return all; }
    auto usage = found.least;
    // Units that share a stash count it each; all together store no more than they do.
    auto const costs = unit_sums(found.costs.stored);
    bool const adds = *std::min_element(costs.begin(), costs.begin() + units) >= 0;
    index_t const expensive = sum_of_largest(costs, active);
    index_t const extra = adds ? std::min(expensive, all.stored - usage.stored) : expensive;
    // A block that is recomputed may hold more for a while than the forward pass left.
    constexpr bool recomputes = !std::is_same_v<typename policy_type::blocks, blocks::stashed>;
    index_t const extra_at_peak =
        recomputes ? sum_of_largest(unit_sums(found.costs.stored, found.costs.recomputed), active) : extra;
    auto& peaks = usage.peak_by_category;
    auto const& all_peaks = all.peak_by_category;
    index_t const gradients = most_gradients(active);
    // Without the gradients that are kept.
    index_t temporary = std::max(peaks[category::workspace], all_peaks[category::workspace]);
    index_t released = 0;
    if constexpr (!keeps) {
      auto const kept_by_least = gradients > 0 ? kept_gradients(base::least()) : 0;
      auto const kept_by_all = gradients > 0 ? kept_gradients(active_set::all(units)) : 0;
      temporary = std::max(usage.temporary - kept_by_least, all.temporary - kept_by_all);
      released = std::max(peaks[category::gradients] - kept_by_least, all_peaks[category::gradients] - kept_by_all);
    }
    temporary += gradients;
    index_t before = usage.total - usage.activations;
    if (options_.drops()) {
      index_t const moments = most_moments(active);
      before += moments - peaks[category::optimizer];
      peaks[category::optimizer] = moments;
    }
    index_t const tape = peaks[category::static_activations] + peaks[category::dynamic_activations];
    usage.activations = std::max(usage.stored + extra, tape + extra_at_peak) + temporary;
    usage.total = before + usage.activations;
    usage.stored += extra;
    usage.offloaded = adds ? std::min(usage.offloaded + expensive, all.offloaded) : usage.offloaded + expensive;
    usage.temporary = temporary;
    peaks[category::dynamic_activations] += extra_at_peak;
    peaks[category::static_activations] += extra_at_peak;
    peaks[category::gradients] = released + gradients;
    peaks[category::workspace] = std::max(peaks[category::workspace], all_peaks[category::workspace]);
    return usage;
  }

  /// What bounds are made of, whatever the number of active units.
  [[nodiscard]] constexpr plan_ends ends() const {
    auto const least = base::visited();
    return {with(active_set::all(units)), least.usage, least.costs};
  }

 private:
  template <class, class>
  friend class memory_plan;
  template <class Other>
  constexpr memory_plan(memory_plan<Model, Other> const& other, freezing::active_count active)
      : base(other), active_(active) {}

  using unit_bytes = std::array<index_t, active_set::capacity>;

  template <class... Costs>
  [[nodiscard]] static constexpr unit_bytes unit_sums(Costs const&... costs) {
    unit_bytes sums{};
    for (index_t unit = 0; unit < units; ++unit) { sums[static_cast<std::size_t>(unit)] = (costs[unit] + ...); }
    return sums;
  }
  /// The most bytes of gradients that are kept when `active` units are active.
  [[nodiscard]] constexpr index_t most_gradients(index_t active) const {
    if (!keeps && !detail::accumulates<Optimizer>) { return 0; }
    return most_over_units(active, [](index_t count) { return detail::array_bytes<value_type>(count); });
  }
  /// The most bytes of their moments.
  [[nodiscard]] constexpr index_t most_moments(index_t active) const {
    return most_over_units(active, [this](index_t count) { return options_.template moment_bytes<value_type>(count); });
  }
  /// Sum of `bytes(count)` over what is always active and the `active` units for which it is largest.
  template <class Bytes>
  [[nodiscard]] constexpr index_t most_over_units(index_t active, Bytes const& bytes) const {
    unit_bytes sizes{};
    index_t always = 0;
    auto network = network_;
    network.visit(
        [&](parameter<value_type> const& each, no_name) {
          (each.unit == no_unit ? always : sizes[static_cast<std::size_t>(each.unit)]) += bytes(each.count());
        },
        no_name{});
    return always + sum_of_largest(sizes, active);
  }
  static constexpr index_t sum_of_largest(unit_bytes values, index_t count) {
    index_t total = 0;
    for (index_t i = 0; i < std::min(count, units); ++i) {
      auto const largest = std::max_element(values.begin(), values.begin() + units);
      total += std::max<index_t>(*largest, 0);
      *largest = 0;
    }
    return total;
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
  return memory_plan<model_type, typename Trainer::options_type>(
      batch, options, plan_options_of(settings),
      freezing::active_units<typename Trainer::schedule_type>(model_type::units));
}
template <plannable_trainer Trainer>
constexpr auto plan(index_t batch, typename Trainer::options_type const& options, trainer_options const& settings,
                    typename Trainer::schedule_type const& schedule) {
  using model_type = typename Trainer::model_type;
  return memory_plan<model_type, typename Trainer::options_type>(batch, options, plan_options_of(settings),
                                                                 freezing::active_units(schedule, model_type::units));
}

}  // namespace slimfit
