// SPDX-License-Identifier: MIT
// expect: slimfit: stack: all blocks must be equally wide
#include <slimfit/layers/pre_norm_block.hpp>
#include <slimfit/layers/stack.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

template <int Width>
using run = equal_blocks<pre_norm_block<Width, 2, 32, policy::slim, float>, 1>;
int const layers = stack_of<bias_updates::always, blocks::stashed, run<32>, run<16>>::layers;
