// SPDX-License-Identifier: MIT
// An activation function of one's own with its stash: ReLU, whose derivative is 0 or 1, so that the backward pass needs
// a bit of each element.
#pragma once
#include <slimfit/slimfit.hpp>

struct relu {
  static constexpr char const* name = "ReLU";
  template <class T>
  SLIMFIT_HD static constexpr slimfit::math::value_and_derivative<T> both(T x) {
    return {x > 0 ? x : T{}, x > 0 ? T{1} : T{}};
  }
};
struct zero_or_one : slimfit::format::elementwise<zero_or_one, 1> {
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T derivative) {
    return derivative > 0 ? 1 : 0;
  }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    return static_cast<T>(code);
  }
};

/// Bits do not give ReLU's output back, so the linear behind it keeps that while its weight is active.
template <class Preset>
struct relu_policy : Preset {
  using gelu = slimfit::stash::activation_derivative<zero_or_one, relu>;
  using wide_linear_input = slimfit::stash::by_state<slimfit::stash::dense, slimfit::stash::none>;
};

template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
struct relu_parts : slimfit::vit_parts<Shape, Policy, T> {
  template <class BlockPolicy>
  using block =
      slimfit::pre_norm_block<Shape.hidden, Shape.heads, Shape.mlp, BlockPolicy, T, false,
                              slimfit::layer_norm<Shape.hidden, typename BlockPolicy::norm, T>,
                              slimfit::self_attention<Shape.hidden, Shape.heads, BlockPolicy, T>,
                              slimfit::mlp<Shape.hidden, Shape.mlp, BlockPolicy, T, slimfit::no_dropout, false, relu>>;
  using stack = slimfit::policy_stack<Policy, block, Shape.layers>;
};
template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
struct relu_vit : slimfit::vit_network<Shape, Policy, T, relu_parts<Shape, Policy, T>> {};
