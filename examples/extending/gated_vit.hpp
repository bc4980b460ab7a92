// SPDX-License-Identifier: MIT
// A vision transformer whose blocks have RMSNorm and a gated MLP, with 8 bits kept of the gates in the lower half of
// the stack and 4 in the upper: a block of one's own from halves, under a policy that differs from block to block.
#pragma once
#include "gated_mlp.hpp"
#include "rms_norm.hpp"

/// `Policy::gate` says how a gate's operands are kept.
template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
struct gated_block_of {
  using norm = rms_norm<Shape.hidden, slimfit::stash::dense, T>;
  using attention = slimfit::self_attention<Shape.hidden, Shape.heads, Policy, T>;
  using mlp = gated_mlp<Shape.hidden, Shape.mlp, typename Policy::gate, slimfit::activation::silu, T>;
  template <class Body>
  using half = slimfit::residual_half<norm, Body, slimfit::residual::stream>;
  using type = slimfit::block<typename Policy::chunk, half<attention>, half<mlp>>;
};

template <int Bits>
struct gated_policy : slimfit::policy::slim {
  using gate = slimfit::stash::quantized<slimfit::format::affine<Bits, 64>>;
};
/// Of a stack of four blocks.
using mixed_policy = slimfit::policy::per_block<gated_policy<4>, slimfit::policy::lowest<2, gated_policy<8>>>;

template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
struct gated_parts : slimfit::vit_parts<Shape, Policy, T> {
  template <class BlockPolicy>
  using block = typename gated_block_of<Shape, BlockPolicy, T>::type;
  using stack = slimfit::policy_stack<Policy, block, Shape.layers>;
};
template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T>
struct gated_vit : slimfit::vit_network<Shape, Policy, T, gated_parts<Shape, Policy, T>> {};
