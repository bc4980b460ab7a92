// SPDX-License-Identifier: MIT
// expect: slimfit: linear<In, Out, ...>: sizes must be positive
#include <slimfit/layers/linear.hpp>

using namespace slimfit;

constexpr linear<0, 8, stash::dense, float> layer;
