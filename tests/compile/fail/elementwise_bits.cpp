// SPDX-License-Identifier: MIT
// expect: slimfit: elementwise<Format, Bits>: Bits must be 1, 2, 3, 4 or 8
#include <slimfit/format/elementwise.hpp>

using namespace slimfit;

struct sixteen_bits : format::elementwise<sixteen_bits, 16> {};
int const bits = sixteen_bits::bits;
