// SPDX-License-Identifier: MIT
// expect: slimfit: at_most_stale<Choices>: Choices must be positive
#include <slimfit/freezing.hpp>

using namespace slimfit;

index_t const choices = freezing::at_most_stale<0>::stale_choices;
