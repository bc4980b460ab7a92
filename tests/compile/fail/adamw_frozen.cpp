// SPDX-License-Identifier: MIT
// expect: slimfit: basic_adamw<Frozen, ...>: Frozen must be strict, coasting or drop_when_frozen
#include <slimfit/optim/adamw.hpp>
#include <slimfit/policy/freezing.hpp>

using namespace slimfit;

basic_adamw<freezing::never> const options;
