// SPDX-License-Identifier: MIT
// Policies for whole models: what every operator keeps for the backward pass, and which units are updated when. Derive
// from one and replace what should differ.
#pragma once

#include <slimfit/format.hpp>
#include <slimfit/freezing.hpp>
#include <slimfit/policy/attention.hpp>
#include <slimfit/policy/blocks.hpp>
#include <slimfit/policy/changes.hpp>
#include <slimfit/policy/chunk.hpp>
#include <slimfit/policy/padding.hpp>
#include <slimfit/policy/parameters.hpp>
#include <slimfit/stash.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit::policy {

/// What eager PyTorch keeps: every operator both its sides, gradients until the optimizer's step. The baseline.
struct eager {
  /// Which units are frozen in each iteration.
  using freezing = slimfit::freezing::never;
  /// Input of the linears after a normalisation, needed by their weights' gradients.
  using linear_input = stash::by_state<stash::dense, stash::none>;
  /// Input of the attention's output projection.
  using attention_output = stash::by_state<stash::dense, stash::none>;
  /// Input of the second MLP linear, four times wider than the others.
  using wide_linear_input = stash::by_state<stash::dense, stash::none>;
  /// Input of the classifier. None: it is taken from the normalised rows, all of which are kept.
  using head_input = stash::none;
  using norm = stash::layer_norm_input<stash::statistics::with>;
  using gelu = stash::gelu_input<stash::dense>;
  using attention = attention_policy::materialized<stash::dense, stash::probabilities_dense, attention_keys::with_bias>;
  /// Which blocks keep their stashes, and which only their input.
  using blocks = slimfit::blocks::stashed;
  /// How much of the batch a block works on at a time.
  using chunk = slimfit::chunk::whole_batch;
  static constexpr bias_updates biases = bias_updates::always;
  /// Whether the classifier's weight counts among the units.
  static constexpr parameter_kind classifier_kind = parameter_kind::always_active;
  /// What becomes of tokens that fill short sequences up.
  static constexpr padding_tokens padding = padding_tokens::masked;
  /// Whether a gradient is consumed by the optimizer as soon as it is complete.
  static constexpr bool releases_gradients = false;
  /// Whether the final normalisation runs on all tokens although a class token is all that is read.
  static constexpr bool normalizes_all_rows = true;
  /// Whether the last block computes and keeps all rows after its attention although only class tokens are read.
  static constexpr bool computes_dead_rows = true;
};

/// The method of Ardakani et al. (SlimFit, arXiv 2305.18513) at a freezing rate of 95 %, without the temporaries of its
/// published code.
struct paper : eager {
  using freezing = slimfit::freezing::inter_layer<slimfit::freezing::relative_update, percent<95>>;
  using wide_linear_input = stash::by_state<stash::quantized<format::fixed_point<3, 4>>, stash::none>;
  using head_input = stash::dense;
  using norm = stash::by_state<stash::layer_norm_input<stash::statistics::without>,
                               stash::layer_norm_normalized<stash::pruned<percent<10>>>>;
  using gelu = stash::gelu_input<stash::quantized<format::fixed_point<2, 1>>>;
  using attention = attention_policy::materialized<stash::quantized<format::fixed_point<3, 4>>,
                                                   stash::probabilities_quantized<format::unsigned_fixed_point<8>>,
                                                   attention_keys::with_bias>;
  using chunk = slimfit::chunk::tokens<>;
  static constexpr bool releases_gradients = true;
  static constexpr bool normalizes_all_rows = false;
};

/// `paper` as its published code computes it, for comparisons with that: of a frozen normalisation the largest 10 % of
/// the whole batch's values survive, wherever they are; padding and rows that no head reads are normalised like others.
struct paper_published : paper {
  using norm =
      stash::by_state<stash::layer_norm_input<stash::statistics::without>,
                      stash::layer_norm_normalized<stash::pruned<percent<10>, format::full, stash::per_tensor>>>;
  static constexpr padding_tokens padding = padding_tokens::filled;
  static constexpr bool normalizes_all_rows = true;
};

/// Nothing approximated and everything trainable: keeps normalised rows, queries, keys, values, attention's output and
/// GELU's input; every linear's input is one of these or is rebuilt from one element by element.
struct exact : eager {
  using linear_input = stash::rebuilt;
  using wide_linear_input = stash::rebuilt;
  using head_input = stash::dense;
  using norm = stash::layer_norm_normalized<stash::dense>;
  using attention = attention_policy::tiled<stash::dense>;
  using chunk = slimfit::chunk::tokens<>;
  static constexpr padding_tokens padding = padding_tokens::dropped;
  static constexpr bool releases_gradients = true;
  static constexpr bool normalizes_all_rows = false;
  static constexpr bool computes_dead_rows = false;
};

/// `exact` with nothing kept of the lower half of the blocks but their inputs: `exact`'s gradients, bit for bit, for
/// one more forward pass of these.
struct exact_half_recomputed : exact {
  using blocks = slimfit::blocks::recompute_share<50>;
};
/// The same with all blocks.
struct exact_recomputed : exact {
  using blocks = slimfit::blocks::recompute_all<>;
};

/// Everything trainable, and all that is kept in 8 bits: normalised rows and GELU's input, from which linears rebuild
/// their own, queries, keys, values and attention's output. A quarter of `exact`'s bytes; less than `slim` where few
/// units are frozen.
struct slim_8bit : changed<exact, coded_norms<8>, coded_gelu<8>, coded_attention<8>> {};

/// `slim` with `Bits` bits for normalised rows and GELU's derivative.
template <int Bits>
struct slim_bits : exact {
  using freezing = slimfit::freezing::inter_layer<slimfit::freezing::relative_update, percent<95>>;
  using linear_input = stash::by_state<stash::quantized<format::affine<8, 64>>, stash::none>;
  using attention_output = linear_input;
  using wide_linear_input = linear_input;
  using norm = stash::layer_norm_normalized<stash::quantized<format::affine<Bits, 64>>>;
  using gelu = stash::gelu_derivative<format::gelu_derivative_codebook<Bits>>;
  using attention = attention_policy::tiled<stash::quantized_heads<8>>;
};

/// The default: normalised rows and GELU's derivative in 4 bits, queries, keys and values in 8 bits per row and head,
/// active linears' inputs in 8 bits; probabilities are rebuilt, never stored.
struct slim : slim_bits<4> {};
/// The same with 3 bits.
struct slim_3bit : slim_bits<3> {};
/// The same with 2 bits: the paper's gradient error at half its bytes.
struct slim_2bit : slim_bits<2> {};
/// `slim` with nothing kept of a block but its input in 8 bits: each runs forward once more in the backward pass.
struct slim_recomputed : slim {
  using blocks = slimfit::blocks::recompute_all<stash::quantized<format::affine<8, 64>>>;
};
/// `slim` with every block's stashes in the host's memory until the backward pass comes to it: two blocks' memory on
/// the device, `slim`'s gradients.
struct slim_offloaded : slim {
  using blocks = slimfit::blocks::offload_all;
};

}  // namespace slimfit::policy
