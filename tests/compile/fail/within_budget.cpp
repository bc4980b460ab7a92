// SPDX-License-Identifier: MIT
// expect: slimfit: inter_layer_within<Criterion, Budget>: Budget is in bytes and not negative
#include <slimfit/freezing.hpp>

using namespace slimfit;

freezing::inter_layer_within<freezing::random, -1> const schedule({1, 2, 3});
