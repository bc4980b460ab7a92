// SPDX-License-Identifier: MIT
// expect: slimfit: residual_linear: with a LayerScale there is no dropout; use percent<0>
#include <slimfit/layers/residual_linear.hpp>

using namespace slimfit;

residual_linear<8, 8, stash::dense, float, percent<10>, true> const layer{};
