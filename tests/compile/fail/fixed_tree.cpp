// SPDX-License-Identifier: MIT
// expect: slimfit: summation::fixed_tree<Shards>: Shards must be a power of two, e.g. fixed_tree<8>
#include <slimfit/communication.hpp>

using namespace slimfit;

int const shards = summation::fixed_tree<6>::shards;
