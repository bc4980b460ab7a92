// SPDX-License-Identifier: MIT
// expect: slimfit: symmetric<Bits, Group>: Bits must be 1, 2, 3, 4 or 8
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::symmetric<6>::bits;
