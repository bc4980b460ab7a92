// SPDX-License-Identifier: MIT
// expect: slimfit: basic_adamw<Frozen, ...>: Frozen must be strict, coasting or drop_when_frozen
#include <slimfit/freezing.hpp>
#include <slimfit/optim/adamw.hpp>

using namespace slimfit;

basic_adamw<freezing::never> const options;
