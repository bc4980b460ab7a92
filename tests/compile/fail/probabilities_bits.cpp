// SPDX-License-Identifier: MIT
// expect: slimfit: probabilities_quantized<Format>: Format must code each value by itself in 8 bits, e.g. format::unsigned_fixed_point<8>
#include <slimfit/format.hpp>
#include <slimfit/stash/probability_stash.hpp>

using namespace slimfit;

stash::probabilities_quantized<format::unsigned_fixed_point<4>> const probabilities;
