// SPDX-License-Identifier: MIT
// A pass over one layer in the caller's memory: weights, gradients, tape and scratch belong to another program. The
// same functions on the counting backend say how much of the latter two a pass takes.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <slimfit/interop/layer.h>
#include <slimfit/interop/library_device.hpp>
#include <slimfit/layers/find_kept.hpp>
#include <slimfit/models/layer_network.hpp>
#include <slimfit/pass/bind.hpp>

namespace slimfit::interop {

/// What a caller says of a pass, as layers need it.
/// @tparam Layer see layers/layer.hpp, @tparam Device a backend that library_device knows
template <layer Layer, class Device>
class layer_pass {
  using counting_type = counting<Device>;

 public:
  using value_type = typename Layer::value_type;
  using updates_type = given_gradients<value_type>;

  /// @throws value_error for a batch that is none
  explicit layer_pass(slimfit_pass const& given) : given_(given), batch_(checked_batch(given)) {
    auto const layout = bind_parameters(network_, nullptr, bias_updates::always);
    auto const parameters = static_cast<std::size_t>(layout.tensors);
    if (given.wanted != nullptr) { wanted_ = {given.wanted, parameters}; }
    network_.visit(
        [&](parameter<value_type>& each, no_name) {
          auto const position = static_cast<std::size_t>(each.position);
          if (given.parameters != nullptr) { each.data = static_cast<value_type*>(given.parameters[position]); }
          if (!wanted_.empty() && wanted_[position] != 0 && each.unit != no_unit) { active_.set(each.unit); }
        },
        no_name{});
  }

  /// @throws usage_error for a layer whose backward pass needs more tape than its forward pass left
  [[nodiscard]] slimfit_sizes sizes() const {
    slimfit_sizes result{};
    result.workspace = library_device<Device>::workspace_bytes;
    ledger book;
    {
      arena memory(book);
      leave_on(memory);
      result.tape = memory.tape_bytes();
      result.tape_static = book.now()[category::static_activations];
      result.forward_scratch = memory.scratch_high_water();
    }
    if (wanted_.empty()) { return result; }
    arena memory(book, nothing(result.tape));
    updates_type updates{wanted_, {}};
    counting_type device;
    auto run = context_on(device, memory, updates);
    auto const kept = find_kept(run, network_.layer, batch_);
    memory.give_scratch(nothing(std::numeric_limits<index_t>::max()));
    network_.layer.backward(run, kept, {}, {});
    if (memory.tape_high_water() > result.tape) {
      throw usage_error(
          "slimfit: layer library: the backward pass needs more tape than the forward pass left, expected a layer that "
          "recomputes nothing");
    }
    result.backward_scratch = memory.scratch_high_water();
    return result;
  }
  /// Shows what lies on the tape to `observer`.
  void record(memory_observer& observer) const {
    ledger book;
    book.record(&observer);
    arena memory(book);
    leave_on(memory);
    book.record(nullptr);
  }
  void forward(Device& device, value_type const* input, value_type* output, std::span<std::byte> tape,
               std::span<std::byte> scratch) const {
    ledger book;
    arena memory(book, tape, scratch);
    updates_type updates{wanted_, {}};
    auto run = context_on(device, memory, updates);
    static_cast<void>(network_.layer.forward(run, batch_, {.input = input}, {.output = output}));
  }
  /// @throws usage_error where the pass is one that no backward pass follows
  void backward(Device& device, std::span<std::byte> tape, value_type const* output_gradient,
                value_type* input_gradient, void* const* gradients, std::span<std::byte> scratch) const {
    if (wanted_.empty()) {
      throw usage_error("slimfit: layer library: wanted is null, expected the gradients that the forward pass knew of");
    }
    std::vector<value_type*> places(wanted_.size());
    for (std::size_t i = 0; i < places.size(); ++i) { places[i] = static_cast<value_type*>(gradients[i]); }
    ledger book;
    arena memory(book, tape);
    updates_type updates{wanted_, places};
    auto run = context_on(device, memory, updates);
    auto const kept = find_kept(run, network_.layer, batch_);
    memory.give_scratch(scratch);
    network_.layer.backward(run, kept, {.output_gradient = output_gradient}, {.input_gradient = input_gradient});
  }

 private:
  static sequence_batch checked_batch(slimfit_pass const& given) {
    require_at_least("layer library: sequences", given.sequences, index_t{1});
    require_at_least("layer library: tokens", given.tokens, index_t{1});
    return sequence_batch::padded(given.sequences, given.tokens, given.tokens, given.lengths);
  }
  /// Memory that only counts.
  static std::span<std::byte> nothing(index_t bytes) {
    return {static_cast<std::byte*>(nullptr), static_cast<std::size_t>(bytes)};
  }
  template <class Backend>
  auto context_on(Backend& device, arena& memory, updates_type& updates) const {
    return context<Backend, updates_type>{device,      memory, updates, active_,          !wanted_.empty(),
                                          given_.seed, 0,      {},      given_.drops != 0};
  }
  /// Counts a forward pass.
  void leave_on(arena& memory) const {
    updates_type updates{wanted_, {}};
    counting_type device;
    auto run = context_on(device, memory, updates);
    static_cast<void>(network_.layer.forward(run, batch_, {}, {}));
  }

  slimfit_pass given_;
  sequence_batch batch_;
  layer_network<Layer> network_;
  std::span<unsigned char const> wanted_{};
  active_set active_;
};

}  // namespace slimfit::interop
