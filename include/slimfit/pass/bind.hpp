// SPDX-License-Identifier: MIT
// Gives every parameter of a network its place in the weights' memory, its position and its unit, in the order in which
// the network visits them.
#pragma once

#include <algorithm>

#include <slimfit/memory/arena.hpp>
#include <slimfit/pass/parameter.hpp>
#include <slimfit/policy/parameters.hpp>

namespace slimfit {

/// What binding found.
struct parameter_layout {
  index_t elements = 0;    ///< of the weights' memory, padding included
  index_t parameters = 0;  ///< trainable numbers
  index_t largest = 0;     ///< elements of the largest parameter
  int tensors = 0;
  int units = 0;
};

/// @param memory the weights' memory, or null to learn the layout
template <class Network>
constexpr parameter_layout bind_parameters(Network& network, typename Network::value_type* memory,
                                           bias_updates biases) {
  using value_type = typename Network::value_type;
  constexpr index_t step = arena::alignment / static_cast<index_t>(sizeof(value_type));
  parameter_layout layout;
  int last_unit = no_unit;
  network.visit(
      [&](parameter<value_type>& each, auto const& /*name*/) {
        each.data = advance(memory, layout.elements);
        each.position = layout.tensors++;
        if (each.kind == parameter_kind::unit) { last_unit = layout.units++; }
        if (each.kind == parameter_kind::always_active) { last_unit = no_unit; }
        bool const bound = each.kind == parameter_kind::unit || each.kind == parameter_kind::with_unit ||
                           (each.kind == parameter_kind::bias && biases == bias_updates::with_unit);
        each.unit = bound ? last_unit : no_unit;
        layout.elements += round_up(each.count(), step);
        layout.parameters += each.count();
        layout.largest = std::max(layout.largest, each.count());
      },
      no_name{});
  network.units_bound();
  return layout;
}

}  // namespace slimfit
