// SPDX-License-Identifier: MIT
// expect: slimfit: codebook<Bits, Function>: Bits must be 1, 2, 3 or 4
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::gelu_derivative_codebook<5>::bits;
