// SPDX-License-Identifier: MIT
// expect: slimfit: basic_adamw<Frozen, ...>: Frozen must be strict, coasting or drop_when_frozen
#include <slimfit/optim/adamw.hpp>

slimfit::basic_adamw<int> const options;
