// SPDX-License-Identifier: MIT
// expect: slimfit: self_attention: with a LayerScale there is no dropout; use no_dropout
#include <slimfit/layers/self_attention.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

self_attention<64, 4, policy::slim, float, dropout_rates<percent<10>, percent<0>>, true> const layer{};
