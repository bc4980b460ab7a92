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

#include <slimfit/layers/pre_norm_block.hpp>

namespace slimfit {

namespace detail {
template <class Policy, class Norm, class Attention, class Mlp, class InputRate>
using post_norm_halves = block<typename Policy::chunk, residual_half<Norm, Attention, residual::normalized, InputRate>,
                               residual_half<Norm, Mlp, residual::normalized>>;
}  // namespace detail

/// @tparam Policy  a model policy, see policy/presets.hpp
/// @tparam Dropout `dropout_rates`
/// @tparam Norm, Attention, Body parts with the interface of the standard ones
template <int Hidden, int Heads, int Mlp, class Policy, scalar T, class Dropout = no_dropout,
          class Norm = layer_norm<Hidden, typename Policy::norm, T>,
          class Attention = self_attention<Hidden, Heads, Policy, T, Dropout>,
          class Body = mlp<Hidden, Mlp, Policy, T, Dropout>>
class post_norm_block : public detail::post_norm_halves<Policy, Norm, Attention, Body, typename Dropout::hidden> {
 public:
  /// From now on what the first normalisation gives is dropped from: the embeddings' dropout, in the block that begins
  /// with their normalisation.
  constexpr void drop_input() { this->template half<0>().drop_input(); }

  /// Names follow Hugging Face's BERT.
  /// @param before name of the normalisation that the block begins with
  template <class Visitor, class Name, class Before>
  constexpr void visit(Visitor&& visitor, Name const& name, Before const& before) {
    auto& attention = this->template half<0>();
    auto& mlp = this->template half<1>();
    attention.norm().visit(visitor, before);
    auto const projections = name + ".attention.self";
    attention.body().visit_projections(visitor, projections + ".query", projections + ".key", projections + ".value");
    attention.body().visit_output(visitor, name + ".attention.output.dense");
    mlp.norm().visit(visitor, name + ".attention.output.LayerNorm");
    mlp.body().visit(visitor, name + ".intermediate.dense", name + ".output.dense", name + ".output");
  }
  /// The same for a block by itself.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    visit(visitor, name, name + ".input.LayerNorm");
  }
  /// Name of the normalisation that ends the block `name`.
  template <class Name>
  [[nodiscard]] static constexpr auto last_norm(Name const& name) {
    return name + ".output.LayerNorm";
  }
};

}  // namespace slimfit
