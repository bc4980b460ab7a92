// SPDX-License-Identifier: MIT
// Changes of one operator's policy, to be combined: `changed<exact, coded_norms<4>, coded_attention<8>>` is `exact`
// with normalised rows in 4 bits and queries, keys and values in 8. What `fit` chooses among consists of these.
#pragma once

#include <type_traits>

#include <slimfit/format.hpp>
#include <slimfit/policy/attention.hpp>
#include <slimfit/stash.hpp>
#include <slimfit/stash/rebuilt.hpp>

namespace slimfit::policy {

namespace detail {
template <class Policy, class... Changes>
struct changed {
  using type = Policy;
};
template <class Policy, class First, class... Rest>
struct changed<Policy, First, Rest...> : changed<typename First::template of<Policy>, Rest...> {};
}  // namespace detail

/// `Policy` with changes, from the first to the last.
/// @tparam Changes types with a member template `of<Policy>`, the changed policy
template <class Policy, class... Changes>
struct changed : detail::changed<Policy, Changes...>::type {};

/// Changes nothing.
struct unchanged {
  template <class Policy>
  using of = Policy;
};

/// A linear's input in 8 bits while its weight is active.
using coded_input = stash::by_state<stash::quantized<format::affine<8, 64>>, stash::none>;

/// Normalised rows in `Bits` bits. From 8 bits on, the linears that read them rebuild their inputs from the codes; with
/// fewer they keep them in 8 bits while their weights are active.
template <int Bits>
struct coded_norms {
  template <class Policy>
  struct of : Policy {
    using norm = stash::layer_norm_normalized<stash::quantized<format::affine<Bits, 64>>>;
    using linear_input = std::conditional_t<(Bits >= 8), stash::rebuilt, coded_input>;
  };
};

/// From 8 bits on GELU's input in `Bits` bits, from which the second MLP linear rebuilds its own; with fewer GELU's
/// derivative, and that linear's input in 8 bits while its weight is active.
template <int Bits>
struct coded_gelu {
  template <class Policy>
  struct of : Policy {
    using gelu = stash::gelu_derivative<format::gelu_derivative_codebook<Bits>>;
    using wide_linear_input = coded_input;
  };
};
template <int Bits>
requires(Bits >= 8) struct coded_gelu<Bits> {
  template <class Policy>
  struct of : Policy {
    using gelu = stash::gelu_input<stash::quantized<format::affine<Bits, 64>>>;
    using wide_linear_input = stash::rebuilt;
  };
};

/// Queries, keys and values in `Bits` bits per row and head, and the output projection's input in 8 bits while its
/// weight is active. Probabilities are rebuilt.
template <int Bits>
struct coded_attention {
  template <class Policy>
  struct of : Policy {
    using attention = attention_policy::tiled<stash::quantized_heads<Bits>>;
    using attention_output = coded_input;
  };
};

/// Blocks as `Blocks` says.
template <class Blocks>
struct with_blocks {
  template <class Policy>
  struct of : Policy {
    using blocks = Blocks;
  };
};

}  // namespace slimfit::policy
