// SPDX-License-Identifier: MIT
// expect: slimfit: fixed_point<I, F>: I + F + 1 bits must be 1, 2, 3, 4 or 8, e.g. fixed_point<3, 4>
#include <slimfit/format.hpp>

using namespace slimfit;

int const bits = format::fixed_point<3, 3>::bits;
