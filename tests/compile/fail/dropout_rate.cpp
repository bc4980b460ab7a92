// SPDX-License-Identifier: MIT
// expect: slimfit: dropout<Rate>: Rate must be a percent below 100, e.g. percent<10>
#include <slimfit/kernels/dropout.hpp>

using namespace slimfit;

void drop(float* values) { kernels::dropout<8, float, percent<100>> const kernel(values, values, {}); }
