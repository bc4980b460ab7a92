// SPDX-License-Identifier: MIT
// expect: slimfit: chain<First, Rest...>: a layer whose rows see each other, as attention's do, must stand in a half of its own
#include <slimfit/layers/chain.hpp>
#include <slimfit/layers/self_attention.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

int const outputs = chain<self_attention<16, 2, policy::slim, float>>::outputs;
