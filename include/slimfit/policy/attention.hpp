// SPDX-License-Identifier: MIT
// Policies of attention: what is kept of its operands and probabilities, and how keys are treated.
#pragma once

#include <slimfit/format/symmetric.hpp>
#include <slimfit/stash/probability_stash.hpp>
#include <slimfit/stash/quantized.hpp>

namespace slimfit {

/// What happens to the part of the keys that is the same for all tokens. It adds the same number to all scores of a
/// query, so the softmax and every gradient are the same; but it widens the range that a coded key must cover.
enum class attention_keys : unsigned char {
  with_bias,     ///< as other frameworks do
  without_bias,  ///< the bias is not added
  centered       ///< the mean over the tokens is subtracted (Zhang et al., SageAttention, arXiv 2410.02367)
};

namespace stash {
/// Operands of attention in `Bits` bits with one scale per row and head.
template <int Bits>
struct quantized_heads {
  /// The matrix stash for heads of `HeadSize` elements; sizes that are no power of two have several scales per head.
  template <int HeadSize>
  using for_head = quantized<format::symmetric<Bits, (HeadSize & -HeadSize)>>;
};
}  // namespace stash

namespace detail {
template <class Stash, int HeadSize>
struct operand_stash {
  using type = Stash;
};
template <int Bits, int HeadSize>
struct operand_stash<stash::quantized_heads<Bits>, HeadSize> {
  using type = typename stash::quantized_heads<Bits>::template for_head<HeadSize>;
};
template <class Stash, int HeadSize>
using operand_stash_of = typename operand_stash<Stash, HeadSize>::type;
}  // namespace detail

namespace attention_policy {

/// Keeps queries, keys, values and probabilities: memory grows with the square of the tokens.
template <class OperandStash, class ProbabilityStash, attention_keys Keys = attention_keys::without_bias>
struct materialized {
  using operand_stash = OperandStash;
  using probability_stash = ProbabilityStash;
  static constexpr attention_keys keys = Keys;
};

/// Keeps queries, keys and values, and rebuilds probabilities from each row's log-sum-exp.
template <class OperandStash, attention_keys Keys = attention_keys::without_bias>
struct tiled {
  using operand_stash = OperandStash;
  using probability_stash = stash::probabilities_recomputed;
  static constexpr attention_keys keys = Keys;
};

}  // namespace attention_policy

}  // namespace slimfit
