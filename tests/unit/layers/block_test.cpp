// SPDX-License-Identifier: MIT
// Blocks: gradients with the normalisation before and behind, with a LayerScale, and of the rows that live.
#include <slimfit/layers/post_norm_block.hpp>
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/policy/presets.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

TEST_CASE("block: gradients are differences of the loss") {
  sequence_batch const batch(3, 4);
  for (auto const live : {live_rows::all, live_rows::first}) {
    testing::layer_check<pre_norm_block<8, 2, 12, policy::exact, double>>(batch, 8, 8, live).check_gradients();
    testing::layer_check<pre_norm_block<8, 2, 12, policy::eager, double, true>>(batch, 8, 8, live).check_gradients();
    testing::layer_check<post_norm_block<8, 2, 12, policy::exact, double>>(batch, 8, 8, live).check_gradients();
  }
}

TEST_CASE("block: a half by itself, and the same body twice") {
  using norm = layer_norm<8, policy::exact::norm, double>;
  using half = residual_half<norm, mlp<8, 12, policy::exact, double>, residual::stream>;
  static_assert(!block<policy::exact::chunk, half>::mixes_rows);
  sequence_batch const batch(2, 4);
  testing::layer_check<block<policy::exact::chunk, half>>(batch, 8, 8).check_gradients();
  testing::layer_check<block<policy::exact::chunk, half, half>>(batch, 8, 8).check_gradients();
}

TEST_CASE("block: what it cannot do is refused") {
  sequence_batch const batch(2, 4);
  testing::layer_check<pre_norm_block<8, 2, 12, policy::exact, double>>(batch, 8, 8).check_refusals(false);
  testing::layer_check<layer_norm<8, policy::exact::norm, double>>(batch, 8, 8).check_refusals(true);
}
