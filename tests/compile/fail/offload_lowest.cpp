// SPDX-License-Identifier: MIT
// expect: slimfit: offload_lowest<Count>: Count must not be negative
#include <slimfit/policy/blocks.hpp>

auto const memory = slimfit::blocks::offload_lowest<-1>::of(0, 12);
