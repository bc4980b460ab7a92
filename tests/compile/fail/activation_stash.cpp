// SPDX-License-Identifier: MIT
// expect: slimfit: mlp: this stash of the policy's `gelu` keeps the derivative of another activation function than the MLP's; use stash::gelu_input<...> there, or stash::activation_derivative of the MLP's
#include <slimfit/layers/mlp.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

using wrong = mlp<16, 32, policy::slim, float, no_dropout, false, activation::silu>;
int const width = wrong::first_type::outputs;
