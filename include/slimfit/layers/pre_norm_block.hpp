// SPDX-License-Identifier: MIT
// A transformer block with normalisation before each half (Dosovitskiy et al. 2021): x = x + attention(norm(x)), then
// x = x + mlp(norm(x)).
#pragma once

#include <slimfit/layers/block.hpp>
#include <slimfit/layers/layer_norm.hpp>
#include <slimfit/layers/mlp.hpp>
#include <slimfit/layers/self_attention.hpp>

namespace slimfit {

namespace detail {
template <class Policy, class Norm, class Attention, class Mlp>
using pre_norm_halves = block<typename Policy::chunk, residual_half<Norm, Attention, residual::stream>,
                              residual_half<Norm, Mlp, residual::stream>>;
}  // namespace detail

/// @tparam Policy a model policy, see policy/presets.hpp
/// @tparam Scaled whether the result of each half is multiplied by a LayerScale
/// @tparam Norm, Attention, Body parts with the interface of the standard ones
template <int Hidden, int Heads, int Mlp, class Policy, scalar T, bool Scaled = false,
          class Norm = layer_norm<Hidden, typename Policy::norm, T>,
          class Attention = self_attention<Hidden, Heads, Policy, T, no_dropout, Scaled>,
          class Body = mlp<Hidden, Mlp, Policy, T, no_dropout, Scaled>>
class pre_norm_block : public detail::pre_norm_halves<Policy, Norm, Attention, Body> {
 public:
  /// Names follow Hugging Face's ViT, and DINOv2 where ViT has nothing.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    auto& attention = this->template half<0>();
    auto& mlp = this->template half<1>();
    auto const projections = name + ".attention.attention";
    attention.body().visit_projections(visitor, projections + ".query", projections + ".key", projections + ".value");
    attention.body().visit_output(visitor, name + ".attention.output.dense");
    attention.body().visit_scale(visitor, name + ".layer_scale1");
    mlp.body().visit(visitor, name + ".intermediate.dense", name + ".output.dense", name + ".layer_scale2");
    attention.norm().visit(visitor, name + ".layernorm_before");
    mlp.norm().visit(visitor, name + ".layernorm_after");
  }
};

}  // namespace slimfit
