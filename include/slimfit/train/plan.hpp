// SPDX-License-Identifier: MIT
// The memory of training, computed before it runs, at compile time where wanted: the network's own code runs on a
// backend that only counts. For a given choice of active units a plan equals the ledger to the byte; without one it is
// a bound.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include <slimfit/layers/bind.hpp>
#include <slimfit/layers/counting_context.hpp>
#include <slimfit/layers/saturation.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/policy/blocks.hpp>
#include <slimfit/train/pass.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

namespace detail {

template <class T>
constexpr index_t array_bytes(index_t count) {
  return arena::padded(count * static_cast<index_t>(sizeof(T)));
}

/// Workspace that a backend holds as long as it lives.
template <class Device>
constexpr index_t device_workspace() {
  if constexpr (requires { Device::workspace_bytes; }) {
    return Device::workspace_bytes;
  } else {
    return 0;
  }
}

}  // namespace detail

/// Memory that stays from step to step.
struct resident_bytes {
  index_t weights = 0;
  index_t optimizer = 0;
  index_t workspace = 0;
  index_t data = 0;
};

/// Memory that one pass needs, wherever.
struct pass_memory {
  index_t arena = 0;
  index_t offloaded = 0;  ///< in the host's memory
};

/// Steps in which every unit is active, and as few as the backward pass still visits the whole network with.
struct plan_ends {
  memory_usage all;
  memory_usage least;
};

/// What a plan includes beside training itself.
struct plan_options {
  bool count_saturation = false;  ///< as in trainer_options
};

/// Plans training of `Model` with batches of `batch` samples.
/// @tparam Optimizer options of an optimizer, e.g. `adamw`
template <class Model, class Optimizer = adamw>
class memory_plan {
 public:
  using network_type = typename Model::network_type;
  using value_type = typename Model::value_type;
  using policy_type = typename Model::policy_type;
  static constexpr index_t units = Model::units;
  using counting_type = counting<typename Model::device_type>;

  /// @param options of the optimizer, which may decide how many moments there are
  constexpr explicit memory_plan(index_t batch, Optimizer const& options = {}, plan_options included = {})
      : batch_(network_.sequences(batch)), options_(options), included_(included), layout_(bind(network_)) {}
  /// Plans for the very sequences of a batch, which must outlive the plan.
  constexpr explicit memory_plan(sequence_batch const& batch, Optimizer const& options = {}, plan_options included = {})
      : batch_(batch), options_(options), included_(included), layout_(bind(network_)) {}
  /// Plans the same layers for sequences of `tokens` tokens instead of the number that the model was compiled for.
  /// @throws value_error when the model cannot have that many
  constexpr memory_plan(index_t batch, index_t tokens, Optimizer const& options = {}) : options_(options) {
    network_.plan_tokens(tokens);
    batch_ = network_.sequences(batch);
    layout_ = bind(network_);
  }

  /// Exactly what a step takes in which `active` units are updated, and `updated` units have been so far, this step
  /// included.
  [[nodiscard]] constexpr memory_usage with(active_set const& active, active_set const& updated) const {
    ledger book;
    hold(book, active, updated);
    arena memory(book);
    run(book, memory, active);
    return book.peaks();
  }
  /// The same when every unit has been updated before.
  [[nodiscard]] constexpr memory_usage with(active_set const& active) const {
    return with(active, active_set::all(units));
  }

  /// What the passes of a step need, to be there when they begin.
  [[nodiscard]] constexpr pass_memory needed_by_pass(active_set const& active) const {
    ledger book;
    arena memory(book);
    run(book, memory, active);
    return {memory.high_water(), book.peaks().offloaded};
  }
  /// Bytes of the arena for inference.
  [[nodiscard]] constexpr index_t inference_arena_bytes() const {
    ledger book;
    arena memory(book);
    counting_type device;
    counted_updates<true> updates;
    context<counting_type, counted_updates<true>> inference{device, memory, updates, {}, false, 0, 0};
    evaluation_pass(network_, inference, view());
    return memory.high_water();
  }

  /// Shows such a step to an observer, e.g. a `memory_record`. Its peaks are what `with(active)` says.
  void record(active_set const& active, memory_observer& events) const {
    ledger book;
    hold(book, active, active_set::all(units));
    book.record(&events);
    arena memory(book);
    run(book, memory, active);
  }

  /// An upper bound over all choices that the policy's schedule can make.
  [[nodiscard]] constexpr memory_usage bound() const {
    return bound(typename policy_type::freezing{}.most_active(units));
  }
  /// Most bytes at any moment, whatever the schedule chooses.
  [[nodiscard]] constexpr index_t peak() const { return bound().peak(); }

  /// An upper bound over all choices of `active` units: what every choice stores, the stashes of the most expensive
  /// units, and the largest temporary memory of any part of the network. Exact when all units are active.
  [[nodiscard]] constexpr memory_usage bound(index_t active) const { return bound(active, ends()); }
  /// The same, given `ends()`.
  [[nodiscard]] constexpr memory_usage bound(index_t active, plan_ends const& found) const {
    auto const& all = found.all;
    if (active >= units) { return all; }
    auto usage = found.least;
    // Units that share a stash count it each; all together store no more than they do.
    bool const adds = no_unit_saves();
    index_t const expensive = most_expensive(active, false);
    index_t const extra = adds ? std::min(expensive, all.stored - usage.stored) : expensive;
    // A block that is recomputed may hold more for a while than the forward pass left.
    constexpr bool recomputes = !std::is_same_v<typename policy_type::blocks, blocks::stashed>;
    index_t const extra_at_peak = recomputes ? most_expensive(active, true) : extra;
    auto& peaks = usage.peak_by_category;
    auto const& all_peaks = all.peak_by_category;
    index_t const gradients = most_gradients(active);
    // Without the gradients that are kept.
    index_t temporary = std::max(peaks[category::workspace], all_peaks[category::workspace]);
    index_t released = 0;
    if constexpr (!keeps) {
      auto const kept_by_least = gradients > 0 ? kept_gradients(least()) : 0;
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
  [[nodiscard]] constexpr plan_ends ends() const { return {with(active_set::all(units)), with(least())}; }

  /// The `count` units that store most while they are active; of those that store the same, the first ones.
  [[nodiscard]] constexpr active_set costliest_units(index_t count) const {
    std::array<index_t, active_set::capacity> costs{};
    network_.unit_costs(batch_, costs.data());
    active_set result;
    for (index_t i = 0; i < std::min(count, units); ++i) {
      auto const largest = std::max_element(costs.begin(), costs.begin() + units);
      result.set(largest - costs.begin());
      *largest = std::numeric_limits<index_t>::min();
    }
    return result;
  }

  [[nodiscard]] constexpr resident_bytes resident(active_set const& updated) const {
    resident_bytes bytes;
    bytes.weights = detail::array_bytes<value_type>(layout_.elements);
    auto network = network_;
    network.visit(
        [&](parameter<value_type> const& each, no_name) {
          if (each.unit == no_unit || updated.test(each.unit)) {
            bytes.optimizer += options_.template moment_bytes<value_type>(each.count());
          }
        },
        no_name{});
    bytes.workspace = Optimizer::template workspace_bytes<value_type>(layout_.tensors, layout_.largest) +
                      detail::device_workspace<typename Model::device_type>();
    if (included_.count_saturation) {
      bytes.workspace += detail::array_bytes<saturation_total>(saturation_counters(layout_.tensors));
    }
    bytes.data = detail::array_bytes<typename network_type::input_type>(network_.input_elements(batch_)) +
                 detail::array_bytes<std::int32_t>(network_.offset_elements(batch_)) +
                 detail::array_bytes<typename loss_type::label_type>(batch_.count() * loss_type::labels) +
                 detail::array_bytes<sample_result>(batch_.count()) + detail::array_bytes<batch_result>(1);
    return bytes;
  }

 private:
  static constexpr parameter_layout bind(network_type& network) {
    return bind_parameters(network, nullptr, policy_type::biases);
  }

  /// Whether gradients are kept until the backward pass is done.
  static constexpr bool keeps =
      !detail::accumulates<Optimizer> && (!policy_type::releases_gradients || detail::keeps_gradients<Optimizer>);
  using updates_type = counted_updates<!keeps, !keeps && detail::takes_parts<Optimizer>>;

  using loss_type = typename network_type::loss_type;

  [[nodiscard]] constexpr batch_view<network_type> view() const { return {.sequences = batch_}; }
  /// What is there when the passes of a step begin.
  constexpr void hold(ledger& book, active_set const& active, active_set const& updated) const {
    add(book, resident(options_.drops() ? active : updated));
    if constexpr (detail::accumulates<Optimizer>) { book.add(category::gradients, kept_gradients(active)); }
  }
  static constexpr void add(ledger& book, resident_bytes const& bytes) {
    book.add(category::weights, bytes.weights);
    book.add(category::optimizer, bytes.optimizer);
    book.add(category::workspace, bytes.workspace);
    book.add(category::data, bytes.data);
  }
  constexpr void run(ledger& book, arena& memory, active_set const& active) const {
    counting_type device;
    updates_type updates;
    context<counting_type, updates_type> training{
        device, memory, updates, active, true, 0, 0, {included_.count_saturation}, true};
    training_pass(network_, training, view(), [&] { book.forward_ended(); });
  }
  /// The fewest active units with which the backward pass visits the whole network.
  [[nodiscard]] static constexpr active_set least() {
    return active_set::all(policy_type::biases == bias_updates::always ? 0 : std::min<index_t>(1, units));
  }

  /// Whether a unit never stores less while it is active.
  [[nodiscard]] constexpr bool no_unit_saves() const {
    std::array<index_t, active_set::capacity> costs{};
    network_.unit_costs(batch_, costs.data());
    return *std::min_element(costs.begin(), costs.begin() + units) >= 0;
  }
  /// Sum of the `count` largest costs of single units, while a block is recomputed or not.
  [[nodiscard]] constexpr index_t most_expensive(index_t count, bool recomputing) const {
    std::array<index_t, active_set::capacity> costs{};
    network_.unit_costs(batch_, costs.data());
    if constexpr (requires { network_.recomputed_unit_costs(batch_, costs.data()); }) {
      if (recomputing) { network_.recomputed_unit_costs(batch_, costs.data()); }
    }
    return sum_of_largest(costs, count);
  }
  /// Bytes of the gradients of `active` units and of what is always active.
  [[nodiscard]] constexpr index_t kept_gradients(active_set const& active) const {
    index_t bytes = 0;
    auto network = network_;
    network.visit(
        [&](parameter<value_type> const& each, no_name) {
          if (each.unit == no_unit || active.test(each.unit)) {
            bytes += detail::array_bytes<value_type>(each.count());
          }
        },
        no_name{});
    return bytes;
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
    std::array<index_t, active_set::capacity> sizes{};
    index_t always = 0;
    auto network = network_;
    network.visit(
        [&](parameter<value_type> const& each, no_name) {
          (each.unit == no_unit ? always : sizes[static_cast<std::size_t>(each.unit)]) += bytes(each.count());
        },
        no_name{});
    return always + sum_of_largest(sizes, active);
  }
  static constexpr index_t sum_of_largest(std::array<index_t, active_set::capacity>& values, index_t count) {
    index_t total = 0;
    for (index_t i = 0; i < std::min(count, units); ++i) {
      auto const largest = std::max_element(values.begin(), values.begin() + units);
      total += std::max<index_t>(*largest, 0);
      *largest = 0;
    }
    return total;
  }

  network_type network_;
  sequence_batch batch_;
  Optimizer options_{};
  plan_options included_{};
  parameter_layout layout_;
};

/// The plan of training `Model`: `static_assert(plan<model>(128).peak() < 6 * GiB)`.
template <class Model, class Optimizer = adamw>
constexpr memory_plan<Model, Optimizer> plan(index_t batch) {
  return memory_plan<Model, Optimizer>(batch);
}
/// The same with what `included` says.
template <class Model, class Optimizer = adamw>
constexpr memory_plan<Model, Optimizer> plan(index_t batch, plan_options included) {
  return memory_plan<Model, Optimizer>(batch, {}, included);
}
/// The same for sequences of `tokens` tokens.
template <class Model, class Optimizer = adamw>
constexpr memory_plan<Model, Optimizer> plan(index_t batch, index_t tokens) {
  return memory_plan<Model, Optimizer>(batch, tokens);
}

}  // namespace slimfit
