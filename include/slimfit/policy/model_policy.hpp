// SPDX-License-Identifier: MIT
// What a model's policy must have. Models derive from `checked_policy`, so that a member of the wrong kind is the first
// thing that the compiler reports, in words.
#pragma once

#include <concepts>

#include <slimfit/freezing/schedule.hpp>
#include <slimfit/policy/attention.hpp>
#include <slimfit/policy/blocks.hpp>
#include <slimfit/policy/misspelt_members.hpp>
#include <slimfit/policy/padding.hpp>
#include <slimfit/policy/parameters.hpp>
#include <slimfit/stash/activation_stash.hpp>
#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit {

namespace detail {

/// Whether a matrix stash keeps its matrix while the weight that needs it is active.
template <class S>
inline constexpr bool keeps_while_active = stash::matrix_stash<S> && !std::derived_from<S, stash::none>;
template <class Active, class Frozen>
inline constexpr bool keeps_while_active<stash::by_state<Active, Frozen>> = keeps_while_active<Active>;

/// Whether every form of a stash is one that layer normalisation can go back from.
template <class S>
inline constexpr bool is_norm_stash = requires(typename S::template kept<float, 64> const& kept) {
  kept.normalized(serial_group{}, index_t{}, 1.0F);
};
template <class Active, class Frozen>
inline constexpr bool is_norm_stash<stash::by_state<Active, Frozen>> = is_norm_stash<Active>&& is_norm_stash<Frozen>;

template <class S>
inline constexpr bool is_gelu_stash = requires {
  requires stash::activation_view<typename S::template kept<float, 64>>;
};
template <class Active, class Frozen>
inline constexpr bool is_gelu_stash<stash::by_state<Active, Frozen>> = is_gelu_stash<Active>&& is_gelu_stash<Frozen>;

/// Whether a GELU stash gives GELU's output back.
template <class S>
inline constexpr bool restores_gelu_output = requires {
  requires S::template kept<float, 64>::restores;
};
template <class Active, class Frozen>
inline constexpr bool restores_gelu_output<stash::by_state<Active, Frozen>> = restores_gelu_output<Active>;

/// @tparam rebuilt whether the input may be rebuilt from a neighbour's stash
template <class S, bool MayBeRebuilt>
inline constexpr bool is_input_stash = keeps_while_active<S> || (MayBeRebuilt && std::same_as<S, stash::rebuilt>);

template <class P>
concept has_freezing = freezing::freezing_schedule<typename P::freezing>;
template <class P>
concept has_linear_input = is_input_stash<typename P::linear_input, true>;
template <class P>
concept has_attention_output = is_input_stash<typename P::attention_output, false>;
template <class P>
concept has_wide_linear_input = is_input_stash<typename P::wide_linear_input, true>;
template <class P>
concept has_norm = is_norm_stash<typename P::norm>;
template <class P>
concept has_gelu = is_gelu_stash<typename P::gelu>;
template <class P>
concept rebuilds_from_gelu =
    !std::same_as<typename P::wide_linear_input, stash::rebuilt> || restores_gelu_output<typename P::gelu>;
template <class P>
concept has_attention = requires {
  { P::attention::keys } -> std::convertible_to<attention_keys>;
  requires stash::matrix_stash<operand_stash_of<typename P::attention::operand_stash, 64>>;
  typename P::attention::probability_stash::template kept<float>;
};
template <class P>
concept has_blocks = block_choice<typename P::blocks> && keeps_while_active<typename P::blocks::input>;
template <class P>
concept has_chunk = requires(index_t n) {
  { P::chunk::rows(n, n, n) } -> std::convertible_to<index_t>;
};
template <class P>
concept has_options = requires {
  { P::biases } -> std::same_as<bias_updates const&>;
  { P::classifier_kind } -> std::same_as<parameter_kind const&>;
  { P::padding } -> std::same_as<padding_tokens const&>;
  { P::releases_gradients } -> std::same_as<bool const&>;
  { P::normalizes_all_rows } -> std::same_as<bool const&>;
  { P::computes_dead_rows } -> std::same_as<bool const&>;
};
template <class P>
concept has_head_input = P::normalizes_all_rows || is_input_stash<typename P::head_input, false>;

/// Whether a policy has all members, of whatever kind.
template <class P>
concept has_members = requires {
  typename P::freezing;
  typename P::linear_input;
  typename P::attention_output;
  typename P::wide_linear_input;
  typename P::head_input;
  typename P::norm;
  typename P::gelu;
  typename P::attention;
  typename P::blocks;
  typename P::chunk;
  P::biases;
  P::classifier_kind;
  P::padding;
  P::releases_gradients;
  P::normalizes_all_rows;
  P::computes_dead_rows;
};

/// One sentence per member.
template <class P>
struct checked_policy {
  static_assert(
      has_members<P>,
      "slimfit: policy: derive from a preset, e.g. struct my_policy : policy::slim {}, and change what should "
      "differ; this type lacks members that a policy must have");
  static_assert(
      !misspells_member<P>,
      "slimfit: policy: a member is misspelt, so it would change nothing. Members are freezing, linear_input, "
      "attention_output, wide_linear_input, head_input, norm, gelu, attention, blocks, chunk, biases, "
      "classifier_kind, padding, releases_gradients, normalizes_all_rows and computes_dead_rows");
  static_assert(!has_members<P> || has_freezing<P>,
                "slimfit: policy: freezing must be a schedule, e.g. freezing::never or "
                "freezing::inter_layer<freezing::relative_update, percent<95>>; a criterion alone is none");
  static_assert(!has_members<P> || has_linear_input<P>,
                "slimfit: policy: linear_input must be a matrix stash that keeps something while weights are active, "
                "e.g. stash::by_state<stash::dense, stash::none>, or stash::rebuilt");
  static_assert(!has_members<P> || has_attention_output<P>,
                "slimfit: policy: attention_output must be a matrix stash that keeps something while the weight is "
                "active, e.g. stash::by_state<stash::dense, stash::none>; it cannot be rebuilt");
  static_assert(!has_members<P> || has_wide_linear_input<P>,
                "slimfit: policy: wide_linear_input must be a matrix stash that keeps something while the weight is "
                "active, e.g. stash::by_state<stash::dense, stash::none>, or stash::rebuilt");
  static_assert(!has_members<P> || has_norm<P>,
                "slimfit: policy: norm must be a layer normalisation stash, e.g. "
                "stash::layer_norm_normalized<stash::dense> or stash::layer_norm_input<>");
  static_assert(!has_members<P> || has_gelu<P>,
                "slimfit: policy: gelu must be a GELU stash, e.g. stash::gelu_input<stash::dense> or "
                "stash::gelu_derivative<format::gelu_derivative_codebook<4>>");
  static_assert(!has_gelu<P> || !has_wide_linear_input<P> || rebuilds_from_gelu<P>,
                "slimfit: policy: wide_linear_input is stash::rebuilt, so gelu must keep GELU's input: "
                "stash::gelu_input<...>");
  static_assert(!has_members<P> || has_attention<P>,
                "slimfit: policy: attention must be attention_policy::tiled<...> or "
                "attention_policy::materialized<...> of a matrix stash or stash::quantized_heads<Bits>");
  static_assert(
      !has_members<P> || has_blocks<P>,
      "slimfit: policy: blocks must say what each block keeps, e.g. blocks::stashed or "
      "blocks::recompute_lowest<2, stash::quantized<format::affine<8, 64>>>; its input must be a matrix stash");
  static_assert(!has_members<P> || has_chunk<P>,
                "slimfit: policy: chunk must be chunk::whole_batch or chunk::tokens<Tokens>");
  static_assert(!has_members<P> || has_options<P>,
                "slimfit: policy: biases (bias_updates), classifier_kind (parameter_kind), padding (padding_tokens), "
                "releases_gradients, normalizes_all_rows and computes_dead_rows (bool) must be static constexpr "
                "members of these types");
  static_assert(!has_options<P> || has_head_input<P>,
                "slimfit: policy: head_input must be a matrix stash, e.g. stash::dense, unless normalizes_all_rows");
};

}  // namespace detail

}  // namespace slimfit
