// SPDX-License-Identifier: MIT
// expect: slimfit: affine<Bits, Group>: Bits must be 1, 2, 3, 4 or 8
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::affine<5>::bits;
