// SPDX-License-Identifier: MIT
// expect: slimfit: weighted_by_depth<Criterion, Times>: Times must be at least 1
#include <slimfit/freezing.hpp>

slimfit::freezing::weighted_by_depth<slimfit::freezing::relative_update, 0> const criterion;
