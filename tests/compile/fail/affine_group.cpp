// SPDX-License-Identifier: MIT
// expect: slimfit: affine<Bits, Group>: Group must be a power of two from 8, e.g. 64
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::affine<4, 48>::bits;
