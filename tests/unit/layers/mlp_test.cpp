// SPDX-License-Identifier: MIT
// MLPs: gradients with GELU and SiLU and with a LayerScale, whole and in parts.
#include <slimfit/layers/mlp.hpp>
#include <slimfit/policy/presets.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

namespace {
struct plain : policy::exact {  // a lone MLP has no normalisation to rebuild its input from
  using linear_input = stash::by_state<stash::dense, stash::none>;
};
template <class Activation, bool Scaled = false>
using body = mlp<6, 10, plain, double, no_dropout, Scaled, Activation>;
}  // namespace

TEST_CASE("mlp: gradients are differences of the loss") {
  sequence_batch const batch(9, 1);
  testing::layer_check<body<activation::gelu>>(batch, 6, 6).check_gradients();
  testing::layer_check<body<activation::silu>>(batch, 6, 6).check_gradients();
  testing::layer_check<body<activation::gelu, true>>(batch, 6, 6).check_gradients();
}

TEST_CASE("mlp: the input's gradient may be left out") {
  testing::layer_check<body<activation::gelu>>(sequence_batch(9, 1), 6, 6).check_without_input_gradient();
  testing::layer_check<body<activation::gelu, true>>(sequence_batch(9, 1), 6, 6).check_without_input_gradient();
}

TEST_CASE("mlp: parts give what the whole gives") {
  testing::layer_check<body<activation::silu>>(sequence_batch(33, 1), 6, 6).check_parts(8);
}
