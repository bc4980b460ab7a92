// SPDX-License-Identifier: MIT
// expect: slimfit: basic_adamw<Frozen, Moments, Weights>: Weights must be weights::stochastic or weights::master_copy
#include <slimfit/optim/adamw.hpp>

using namespace slimfit;

basic_adamw<strict, moments::float32, moments::bits8> const options;
