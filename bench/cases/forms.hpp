// SPDX-License-Identifier: MIT
// The stash types and formats that cases run over, with the names under which tables list them.
#pragma once

#include <slimfit/format.hpp>
#include <slimfit/stash.hpp>

namespace slimfit::bench {

/// A stash under a name.
template <class S>
struct named {
  using stash = S;
  char const* name;
};
template <class Format>
using coded = stash::quantized<Format>;

/// Calls `f(named<S>)` for each form.
template <class F, class... S>
void for_each_form(F const& f, named<S>... forms) {
  (f(forms), ...);
}

/// Forms of a linear layer's input, of queries, keys and values.
template <class F>
void for_matrix_forms(F const& f) {
  for_each_form(f, named<coded<format::fixed_point<3, 4>>>{"fixed_point<3, 4>"},
                named<coded<format::affine<8>>>{"affine<8>"}, named<coded<format::affine<4>>>{"affine<4>"},
                named<coded<format::affine<3>>>{"affine<3>"}, named<coded<format::affine<2>>>{"affine<2>"},
                named<coded<format::affine<1>>>{"affine<1>"}, named<coded<format::symmetric<8>>>{"symmetric<8>"},
                named<coded<format::symmetric<4>>>{"symmetric<4>"}, named<coded<format::symmetric<1>>>{"symmetric<1>"},
                named<coded<format::affine<4, 64, format::stochastic>>>{"affine<4, stochastic>"},
                named<stash::pruned<percent<10>>>{"pruned<10 %>"},
                named<stash::pruned<percent<10>, format::symmetric<8>>>{"pruned<10 %, symmetric<8>>"});
}
/// Forms that layer normalisation keeps.
template <class F>
void for_layer_norm_forms(F const& f) {
  using namespace stash;
  for_each_form(f, named<layer_norm_input<statistics::with>>{"input"},
                named<layer_norm_normalized<dense>>{"normalised"},
                named<layer_norm_normalized<coded<format::affine<4>>>>{"normalised affine<4>"},
                named<layer_norm_normalized<coded<format::affine<3>>>>{"normalised affine<3>"},
                named<layer_norm_normalized<coded<format::affine<2>>>>{"normalised affine<2>"},
                named<layer_norm_normalized<pruned<percent<10>>>>{"normalised pruned<10 %>"});
}
/// Forms that GELU keeps.
template <class F>
void for_gelu_forms(F const& f) {
  using namespace stash;
  for_each_form(f, named<gelu_input<dense>>{"input"},
                named<gelu_input<coded<format::fixed_point<2, 1>>>>{"input fixed_point<2, 1>"},
                named<gelu_derivative<format::gelu_derivative_codebook<4>>>{"derivative codebook<4>"},
                named<gelu_derivative<format::gelu_derivative_codebook<3>>>{"derivative codebook<3>"},
                named<gelu_derivative<format::gelu_derivative_codebook<2>>>{"derivative codebook<2>"});
}

}  // namespace slimfit::bench
