// SPDX-License-Identifier: MIT
// A transformer block with normalisation after each half (Devlin et al., "BERT", 2019): y = norm(x + attention(x)),
// then norm(y + mlp(y)).
//
// The block is cut one normalisation earlier than the formula: it begins with the normalisation that ends the block
// below (of the embeddings, for the first one) and leaves its own last sum to the block above. So each of its halves is
// a normalisation and what reads its output, as in a pre-norm block: the inputs of both halves' linears can be rebuilt
// from what the block itself keeps, nothing is kept twice, and of the last normalisation of a stack the head computes
// only the rows it reads. The order of parameters is the formula's.
#pragma once

#include <slimfit/layers/transformer_block.hpp>

namespace slimfit {

/// @tparam Policy a model policy, see policy/presets.hpp
template <int Hidden, int Heads, int Mlp, class Policy, scalar T, class Dropout = no_dropout>
class post_norm_block : public transformer_block<Hidden, Heads, Mlp, Policy, T, residual::normalized, Dropout> {
 public:
  /// Names follow Hugging Face's BERT.
  /// @param before name of the normalisation that the block begins with
  template <class Visitor, class Name, class Before>
  constexpr void visit(Visitor&& visitor, Name const& name, Before const& before) {
    this->attention_norm_.visit(visitor, before);
    auto const projections = name + ".attention.self";
    this->attention_.visit_projections(visitor, projections + ".query", projections + ".key", projections + ".value");
    this->attention_.visit_output(visitor, name + ".attention.output.dense");
    this->mlp_norm_.visit(visitor, name + ".attention.output.LayerNorm");
    this->mlp_.visit(visitor, name + ".intermediate.dense", name + ".output.dense");
  }
  template <class Visitor>
  constexpr void visit(Visitor&& visitor, no_name name) {
    visit(visitor, name, name);
  }
  /// Name of the normalisation that ends the block `name`.
  template <class Name>
  [[nodiscard]] static constexpr auto last_norm(Name const& name) {
    return name + ".output.LayerNorm";
  }
};

}  // namespace slimfit
