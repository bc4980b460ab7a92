// SPDX-License-Identifier: MIT
// expect: slimfit: a freezing schedule's option may be named once
#include <slimfit/freezing.hpp>

using namespace slimfit;

using schedule = freezing::inter_layer<freezing::random, percent<90>, freezing::hold<3>, freezing::hold<5>>;
index_t const hold = schedule::options::hold_iterations;
