// SPDX-License-Identifier: MIT
// A transformer block with normalisation before each half (Dosovitskiy et al. 2021): x = x + attention(norm(x)), then
// x = x + mlp(norm(x)).
#pragma once

#include <slimfit/layers/transformer_block.hpp>

namespace slimfit {

/// @tparam Policy a model policy, see policy/presets.hpp
template <int Hidden, int Heads, int Mlp, class Policy, scalar T, bool Scaled = false>
class pre_norm_block : public transformer_block<Hidden, Heads, Mlp, Policy, T, residual::stream, no_dropout, Scaled> {
 public:
  /// Names follow Hugging Face's ViT, and DINOv2 where ViT has nothing.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    auto const projections = name + ".attention.attention";
    this->attention_.visit_projections(visitor, projections + ".query", projections + ".key", projections + ".value");
    this->attention_.visit_output(visitor, name + ".attention.output.dense");
    this->attention_.visit_scale(visitor, name + ".layer_scale1");
    this->mlp_.visit(visitor, name + ".intermediate.dense", name + ".output.dense", name + ".layer_scale2");
    this->attention_norm_.visit(visitor, name + ".layernorm_before");
    this->mlp_norm_.visit(visitor, name + ".layernorm_after");
  }
};

}  // namespace slimfit
