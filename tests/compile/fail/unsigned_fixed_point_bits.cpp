// SPDX-License-Identifier: MIT
// expect: slimfit: unsigned_fixed_point<F>: F must be 1, 2, 3, 4 or 8
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::unsigned_fixed_point<7>::bits;
