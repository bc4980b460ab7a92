// SPDX-License-Identifier: MIT
// expect: slimfit: hold<Iterations>: Iterations must be positive; hold<1> chooses every iteration
#include <slimfit/freezing.hpp>

using namespace slimfit;

index_t const iterations = freezing::hold<0>::hold_iterations;
