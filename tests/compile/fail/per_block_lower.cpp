// SPDX-License-Identifier: MIT
// expect: slimfit: per_block<Above, Lower...>: Lower must be lowest<Count, Policy>...
#include <slimfit/policy/per_block.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

int const count = policy::per_block<policy::slim>::lower_count;
