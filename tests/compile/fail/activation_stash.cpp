// SPDX-License-Identifier: MIT
// expect: slimfit: mlp: this stash of the policy's `gelu` keeps GELU's derivative; with another activation function use stash::gelu_input<...> there
#include <slimfit/layers/mlp.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

using wrong = mlp<16, 32, policy::slim, float, no_dropout, false, activation::silu>;
int const width = wrong::first_type::outputs;
