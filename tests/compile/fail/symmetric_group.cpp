// SPDX-License-Identifier: MIT
// expect: slimfit: symmetric<Bits, Group>: Group must be a power of two from 8, e.g. 64
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::symmetric<8, 4>::bits;
