// SPDX-License-Identifier: MIT
// expect: slimfit: inter_layer<Criterion, Rate>: Rate must be percent<N>, linear_rate<From, To, Iterations> or run_time_rate
#include <slimfit/freezing.hpp>

using namespace slimfit;

freezing::inter_layer<freezing::random, double> const schedule;
