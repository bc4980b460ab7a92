// SPDX-License-Identifier: MIT
// Stacks: gradients of equal blocks, of runs of blocks that differ, of recomputed and of offloaded ones.
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/layers/stack.hpp>
#include <slimfit/policy/presets.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

namespace {
template <int Wide>
using block_of = pre_norm_block<8, 2, Wide, policy::exact, double>;
template <class Blocks>
using mixed = stack_of<bias_updates::always, Blocks, equal_blocks<block_of<12>, 2>, equal_blocks<block_of<10>, 1>>;
}  // namespace

TEST_CASE("stack: gradients are differences of the loss") {
  sequence_batch const batch(2, 3);
  for (auto const live : {live_rows::all, live_rows::first}) {
    testing::layer_check<stack<block_of<12>, 2, bias_updates::always>>(batch, 8, 8, live).check_gradients();
    testing::layer_check<mixed<blocks::stashed>>(batch, 8, 8, live).check_gradients();
    testing::layer_check<mixed<blocks::recompute_lowest<2>>>(batch, 8, 8, live).check_gradients();
    testing::layer_check<mixed<blocks::offload_all>>(batch, 8, 8, live).check_gradients();
  }
}

TEST_CASE("stack: what it cannot do is refused") {
  testing::layer_check<mixed<blocks::stashed>>(sequence_batch(2, 3), 8, 8).check_refusals(false);
}
