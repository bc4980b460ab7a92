// SPDX-License-Identifier: MIT
// expect: slimfit: recompute_lowest<Count>: Count must not be negative
#include <slimfit/policy/blocks.hpp>

auto const memory = slimfit::blocks::recompute_lowest<-1>::of(0, 12);
