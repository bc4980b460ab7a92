// SPDX-License-Identifier: MIT
// expect: slimfit: symmetric<1, Group>: Rounding must be nearest
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::symmetric<1, 64, format::stochastic>::bits;
