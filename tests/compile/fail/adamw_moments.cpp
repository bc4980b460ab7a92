// SPDX-License-Identifier: MIT
// expect: slimfit: basic_adamw<Frozen, Moments, ...>: Moments must be moments::float32 or moments::bits8
#include <slimfit/optim/adamw.hpp>

slimfit::basic_adamw<slimfit::strict, int> const options;
