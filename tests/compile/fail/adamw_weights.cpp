// SPDX-License-Identifier: MIT
// expect: slimfit: basic_adamw<Frozen, Moments, Weights>: Weights must be weights::stochastic or weights::master_copy
#include <slimfit/optim/adamw.hpp>

slimfit::basic_adamw<slimfit::strict, slimfit::moments::float32, int> const options;
