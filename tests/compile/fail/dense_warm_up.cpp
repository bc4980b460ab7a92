// SPDX-License-Identifier: MIT
// expect: slimfit: dense_warm_up<Iterations>: Iterations must not be negative
#include <slimfit/freezing.hpp>

using namespace slimfit;

index_t const iterations = freezing::dense_warm_up<-1>::warm_up_iterations;
