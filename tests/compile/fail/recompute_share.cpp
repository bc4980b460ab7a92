// SPDX-License-Identifier: MIT
// expect: slimfit: recompute_share<Percent>: Percent must be 0 to 100
#include <slimfit/policy/blocks.hpp>

auto const memory = slimfit::blocks::recompute_share<101>::of(0, 12);
