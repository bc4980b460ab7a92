// SPDX-License-Identifier: MIT
// expect: slimfit: linear_rate<From, To, Iterations>: From and To are percentages between 0 and 100
#include <slimfit/freezing.hpp>

using namespace slimfit;

index_t const frozen = freezing::linear_rate<0, 120, 10>::frozen(99, 5);
