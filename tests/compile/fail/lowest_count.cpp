// SPDX-License-Identifier: MIT
// expect: slimfit: lowest<Count, Policy>: Count must be positive
#include <slimfit/policy/per_block.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

int const count = policy::lowest<0, policy::slim>::count;
