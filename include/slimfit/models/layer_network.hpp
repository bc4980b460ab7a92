// SPDX-License-Identifier: MIT
// A single layer as a model has it: its parameters get their places, positions and units.
#pragma once

#include <slimfit/layers/layer.hpp>
#include <slimfit/policy/parameters.hpp>

namespace slimfit {

/// @tparam Layer  see layers/layer.hpp, @tparam Biases when biases are updated
template <layer Layer, bias_updates Biases = bias_updates::always>
struct layer_network {
  struct policy_type {
    static constexpr bias_updates biases = Biases;
  };
  using value_type = typename Layer::value_type;

  Layer layer{};

  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    layer.visit(visitor, name + "layer");
  }
  constexpr void units_bound() {
    if constexpr (requires { layer.units_bound(); }) { layer.units_bound(); }
  }
};

}  // namespace slimfit
