// SPDX-License-Identifier: MIT
// expect: slimfit: mlp: with a LayerScale there is no dropout; use no_dropout
#include <slimfit/layers/mlp.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

mlp<64, 256, policy::slim, float, dropout_rates<percent<10>, percent<0>>, true> const layer{};
