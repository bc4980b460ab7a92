// SPDX-License-Identifier: MIT
// expect: slimfit: blocks_choice<Change, Steps, Error, Times...>: Steps must be positive and Error at least 0
#include <slimfit/plan/operator_choices.hpp>

slimfit::blocks_choice<slimfit::policy::unchanged, 0, 0, 100> no_steps;
