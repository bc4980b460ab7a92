// SPDX-License-Identifier: MIT
// expect: slimfit: linear_rate<From, To, Iterations>: Iterations must be positive
#include <slimfit/freezing.hpp>

using namespace slimfit;

index_t const frozen = freezing::linear_rate<0, 90, 0>::fewest_frozen(99);
