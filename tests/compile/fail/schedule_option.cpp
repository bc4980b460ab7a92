// SPDX-License-Identifier: MIT
// expect: slimfit: a freezing schedule's options are hold<N>, dense_warm_up<N> and at_most_stale<N>
#include <slimfit/freezing.hpp>

using namespace slimfit;

using schedule = freezing::inter_layer<freezing::random, percent<90>, percent<10>>;
index_t const hold = schedule::options::hold_iterations;
