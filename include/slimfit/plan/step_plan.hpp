// SPDX-License-Identifier: MIT
// The memory of one training step, computed before it runs, at compile time where wanted: the network's own code runs
// on a backend that only counts. For a given choice of active units it equals the ledger to the byte.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include <slimfit/backend/device.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/models/training_pass.hpp>
#include <slimfit/optim/adamw.hpp>
#include <slimfit/optim/optimizer_traits.hpp>
#include <slimfit/pass/bind.hpp>
#include <slimfit/pass/counting_context.hpp>
#include <slimfit/pass/parts.hpp>
#include <slimfit/pass/saturation.hpp>
#include <slimfit/plan/accumulated.hpp>
#include <slimfit/plan/across_ranks.hpp>
#include <slimfit/plan/batch_size.hpp>
#include <slimfit/plan/step_peaks.hpp>
#include <slimfit/plan/trainer_options.hpp>

namespace slimfit {

namespace detail {

template <class T>
constexpr index_t array_bytes(index_t count) {
  return arena::padded(count * static_cast<index_t>(sizeof(T)));
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
  index_t used = 0;       ///< of the arena at any moment: all of it, but for gaps beside gradients that stay
  index_t offloaded = 0;  ///< in the host's memory
};

/// Plans one step of training `Model` with batches of `batch` samples.
/// @tparam Optimizer options of an optimizer, e.g. `adamw`
template <class Model, class Optimizer = adamw>
class step_plan {
 public:
  using network_type = typename Model::network_type;
  using value_type = typename Model::value_type;
  using policy_type = typename Model::policy_type;
  static constexpr index_t units = Model::units;
  using counting_type = counting<typename Model::device_type>;

  /// @param options of the optimizer, which may decide how many moments there are
  /// @throws value_error for a batch that is none
  constexpr explicit step_plan(index_t batch, Optimizer const& options = {}, plan_options included = {})
      : batch_(network_.sequences(detail::checked_batch(batch, network_type::tokens))),
        options_(options),
        included_(included),
        layout_(bind(network_)) {}
  /// Plans for the very sequences of a batch, which must outlive the plan.
  constexpr explicit step_plan(sequence_batch const& batch, Optimizer const& options = {}, plan_options included = {})
      : batch_(batch), options_(options), included_(included), layout_(bind(network_)) {}
  /// Plans the same layers for sequences of `tokens` tokens instead of the number that the model was compiled for.
  /// @throws value_error when the model cannot have that many
  constexpr step_plan(index_t batch, index_t tokens, Optimizer const& options = {}) : options_(options) {
    network_.plan_tokens(tokens);
    batch_ = network_.sequences(detail::checked_batch(batch, tokens));
    layout_ = bind(network_);
  }

  /// Exactly what a step takes in which `active` units are updated, and `updated` units have been so far, this step
  /// included.
  [[nodiscard]] constexpr memory_usage with(active_set const& active, active_set const& updated) const {
    return with_parts(active, updated, budget(active));
  }
  /// The same when every unit has been updated before.
  [[nodiscard]] constexpr memory_usage with(active_set const& active) const {
    return with(active, active_set::all(units));
  }

  /// What the passes of a step need, to be there when they begin: what they take with parts of the batch as small as
  /// the policy says. What they use is the budget by which parts are made larger, see `context::budget`.
  [[nodiscard]] constexpr pass_memory needed_by_pass(active_set const& active) const {
    ledger book;
    arena memory(book);
    counting_type device;
    run(device, book, memory, active, 0);
    return {memory.high_water(), book.peaks().activations, book.peaks().offloaded};
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
    counting_type device;
    run(device, book, memory, active, budget(active));
  }

  /// For each unit, the bytes that a step stores more when it alone is active than when none is: what
  /// `freezing::inter_layer_within` chooses by. Units that share a stash have its bytes each. Negative where an active
  /// unit saves memory; 0 for units of recomputed blocks, whose stashes are not stored.
  [[nodiscard]] constexpr std::array<index_t, static_cast<std::size_t>(units)> unit_costs() const {
    std::array<index_t, static_cast<std::size_t>(units)> costs{};
    std::copy_n(visited().costs.stored, units, costs.begin());
    return costs;
  }
  /// The `count` units that store most while they are active; of those that store the same, the first ones.
  [[nodiscard]] constexpr active_set costliest_units(index_t count) const {
    require_at_least("plan: number of units", count, index_t{0});
    auto costs = unit_costs();
    active_set result;
    for (index_t i = 0; i < std::min(count, units); ++i) {
      auto const largest = std::max_element(costs.begin(), costs.end());
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
                      device_traits<typename Model::device_type>::workspace_bytes;
    if (included_.count_saturation) {
      bytes.workspace += detail::array_bytes<saturation_total>(saturation_counters(layout_.tensors));
    }
    bytes.data = detail::array_bytes<typename network_type::input_type>(network_.input_elements(batch_)) +
                 detail::array_bytes<std::int32_t>(network_.offset_elements(batch_)) +
                 detail::array_bytes<typename loss_type::label_type>(batch_.count() * loss_type::labels) +
                 detail::array_bytes<sample_result>(batch_.count()) + detail::array_bytes<step_memory>(1);
    return bytes;
  }

 protected:
  template <class, class>
  friend class step_plan;
  /// Plans the parts of the batches that `other` plans.
  template <class Other>
  requires detail::accumulates<Optimizer>
  constexpr explicit step_plan(step_plan<Model, Other> const& other)
      : network_(other.network_),
        batch_(other.batch_),
        options_{other.options_},
        included_(other.included_),
        layout_(other.layout_) {}

  /// A step that visits the whole network with as few active units as that takes, and what units cost beside it.
  struct visited_step {
    memory_usage usage;  ///< with small parts
    slimfit::unit_costs costs;
  };
  [[nodiscard]] constexpr visited_step visited() const {
    visited_step step;
    counting_type device(step.costs);
    step.usage = usage_on(device, least(), active_set::all(units), 0);
    return step;
  }
  /// The fewest active units with which the backward pass visits the whole network.
  [[nodiscard]] static constexpr active_set least() {
    return active_set::all(policy_type::biases == bias_updates::always ? 0 : std::min<index_t>(1, units));
  }
  /// @param budget see `context::budget`
  [[nodiscard]] constexpr memory_usage usage_on(counting_type& device, active_set const& active,
                                                active_set const& updated, index_t budget) const {
    ledger book;
    hold(book, active, updated);
    arena memory(book);
    run(device, book, memory, active, budget);
    return book.peaks();
  }
  [[nodiscard]] constexpr memory_usage with_parts(active_set const& active, active_set const& updated,
                                                  index_t budget) const {
    counting_type device;
    return usage_on(device, active, updated, budget);
  }
  /// Whether parts of the batch depend on what memory is free.
  static constexpr bool has_larger_parts = counting_type::busy_rows > 0;
  /// That a step with `active` units has.
  [[nodiscard]] constexpr index_t budget(active_set const& active) const {
    return has_larger_parts ? needed_by_pass(active).used : 0;
  }

  static constexpr parameter_layout bind(network_type& network) {
    return bind_parameters(network, nullptr, policy_type::biases);
  }

  /// Whether gradients are kept until the backward pass is done.
  static constexpr bool keeps =
      !detail::accumulates<Optimizer> && (!policy_type::releases_gradients || detail::keeps_gradients<Optimizer>);
  /// Bytes in which gradients meet those of other ranks.
  [[nodiscard]] constexpr index_t exchanged() const {
    return detail::exchange_bytes<Optimizer, value_type>(layout_.tensors, layout_.largest);
  }
  using updates_type = counted_updates<!keeps, !keeps && detail::takes_parts<Optimizer>>;

  using loss_type = typename network_type::loss_type;

  [[nodiscard]] constexpr batch_view<network_type> view() const { return {.sequences = batch_}; }
  /// What is there when the passes of a step begin.
  constexpr void hold(ledger& book, active_set const& active, active_set const& updated) const {
    add(book, resident(options_.drops() ? active : updated));
    if constexpr (detail::accumulates<Optimizer>) { book.add(category::gradients, kept_gradients(active)); }
    if (exchanged() > 0) { book.add(category::gradients, exchanged()); }
  }
  static constexpr void add(ledger& book, resident_bytes const& bytes) {
    book.add(category::weights, bytes.weights);
    book.add(category::optimizer, bytes.optimizer);
    book.add(category::workspace, bytes.workspace);
    book.add(category::data, bytes.data);
  }
  constexpr void run(counting_type& device, ledger& book, arena& memory, active_set const& active,
                     index_t budget) const {
    updates_type updates;
    context<counting_type, updates_type> training{
        device, memory, updates, active, true, 0, 0, {included_.count_saturation}, true};
    training.budget = budget;
    training_pass(network_, training, view(), [&] { book.forward_ended(); });
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
    if constexpr (detail::accumulates<Optimizer>) { bytes *= included_.kept_gradients; }
    return bytes;
  }

  network_type network_;
  sequence_batch batch_;
  Optimizer options_{};
  plan_options included_{};
  parameter_layout layout_;
};

}  // namespace slimfit
