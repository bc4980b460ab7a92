// SPDX-License-Identifier: MIT
// Names that are almost those of a policy's members. A language without reflection cannot list what a type has, so the
// slips that people make are looked for by name: a member that no policy has would change nothing, without a word.
#pragma once

#include <type_traits>

namespace slimfit::detail {

// A class has its own name as a member, and its bases': a policy may be called `frozen`.
#define SLIMFIT_HAS_TYPE(name)                        \
  requires {                                          \
    typename P::name;                                 \
    requires !std::is_base_of_v<typename P::name, P>; \
  }
#define SLIMFIT_HAS_VALUE(name) \
  requires { P::name; }

/// Whether a policy has a member under a name that is none of a policy's.
template <class P>
inline constexpr bool misspells_member =
    // freezing
    SLIMFIT_HAS_TYPE(freeze) || SLIMFIT_HAS_TYPE(freezes) || SLIMFIT_HAS_TYPE(frozen) ||
    SLIMFIT_HAS_TYPE(freezing_schedule) || SLIMFIT_HAS_TYPE(freezin) ||
    // linear_input
    SLIMFIT_HAS_TYPE(linear_inputs) || SLIMFIT_HAS_TYPE(linear_stash) || SLIMFIT_HAS_TYPE(linearinput) ||
    SLIMFIT_HAS_TYPE(linear_imput) || SLIMFIT_HAS_TYPE(linear) ||
    // attention_output
    SLIMFIT_HAS_TYPE(attention_outputs) || SLIMFIT_HAS_TYPE(attention_out) || SLIMFIT_HAS_TYPE(attention_ouput) ||
    SLIMFIT_HAS_TYPE(attention_stash) || SLIMFIT_HAS_TYPE(attn_output) ||
    // wide_linear_input
    SLIMFIT_HAS_TYPE(wide_linear_inputs) || SLIMFIT_HAS_TYPE(wide_input) || SLIMFIT_HAS_TYPE(wide_linear) ||
    SLIMFIT_HAS_TYPE(mlp_input) || SLIMFIT_HAS_TYPE(widelinear_input) ||
    // head_input
    SLIMFIT_HAS_TYPE(head_inputs) || SLIMFIT_HAS_TYPE(classifier_input) || SLIMFIT_HAS_TYPE(head_stash) ||
    // norm
    SLIMFIT_HAS_TYPE(norms) || SLIMFIT_HAS_TYPE(layer_norm) || SLIMFIT_HAS_TYPE(layernorm) ||
    SLIMFIT_HAS_TYPE(layer_norms) || SLIMFIT_HAS_TYPE(norm_stash) || SLIMFIT_HAS_TYPE(normalization) ||
    SLIMFIT_HAS_TYPE(nrom) ||
    // gelu
    SLIMFIT_HAS_TYPE(gelus) || SLIMFIT_HAS_TYPE(gelu_stash) || SLIMFIT_HAS_TYPE(GELU) || SLIMFIT_HAS_TYPE(Gelu) ||
    SLIMFIT_HAS_TYPE(gelu_input) || SLIMFIT_HAS_TYPE(gelu_derivative) || SLIMFIT_HAS_TYPE(glue) ||
    // attention
    SLIMFIT_HAS_TYPE(attentions) || SLIMFIT_HAS_TYPE(attn) || SLIMFIT_HAS_TYPE(atention) ||
    SLIMFIT_HAS_TYPE(attention_kind) || SLIMFIT_HAS_TYPE(attension) ||
    // blocks
    SLIMFIT_HAS_TYPE(block) || SLIMFIT_HAS_TYPE(block_choice) || SLIMFIT_HAS_TYPE(blcoks) ||
    SLIMFIT_HAS_TYPE(block_policy) ||
    // chunk
    SLIMFIT_HAS_TYPE(chunks) || SLIMFIT_HAS_TYPE(chunking) || SLIMFIT_HAS_TYPE(chunk_size) ||
    SLIMFIT_HAS_TYPE(chunk_tokens) ||
    // biases
    SLIMFIT_HAS_VALUE(bias) || SLIMFIT_HAS_VALUE(bias_update) || SLIMFIT_HAS_VALUE(bias_updates) ||
    SLIMFIT_HAS_VALUE(biasses) ||
    // classifier_kind
    SLIMFIT_HAS_VALUE(classifier_kinds) || SLIMFIT_HAS_VALUE(classifier) || SLIMFIT_HAS_VALUE(classifierkind) ||
    // padding
    SLIMFIT_HAS_VALUE(paddings) || SLIMFIT_HAS_VALUE(padding_tokens) || SLIMFIT_HAS_VALUE(pading) ||
    SLIMFIT_HAS_VALUE(pad) ||
    // releases_gradients
    SLIMFIT_HAS_VALUE(release_gradients) || SLIMFIT_HAS_VALUE(releases_gradient) ||
    SLIMFIT_HAS_VALUE(released_gradients) || SLIMFIT_HAS_VALUE(release_gradient) ||
    // normalizes_all_rows
    SLIMFIT_HAS_VALUE(normalize_all_rows) || SLIMFIT_HAS_VALUE(normalises_all_rows) ||
    SLIMFIT_HAS_VALUE(normalizes_rows) || SLIMFIT_HAS_VALUE(normalise_all_rows) ||
    // computes_dead_rows
    SLIMFIT_HAS_VALUE(compute_dead_rows) || SLIMFIT_HAS_VALUE(computes_deadrows) || SLIMFIT_HAS_VALUE(dead_rows) ||
    SLIMFIT_HAS_VALUE(computes_dead_row);

#undef SLIMFIT_HAS_TYPE
#undef SLIMFIT_HAS_VALUE

}  // namespace slimfit::detail
