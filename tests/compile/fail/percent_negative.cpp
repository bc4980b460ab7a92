// SPDX-License-Identifier: MIT
// expect: slimfit: percent<Count>: Count must be between 0 and 100, e.g. percent<95>
#include <slimfit/core/percent.hpp>

static_assert(slimfit::percent<-1>::of(10) == 0);
