// SPDX-License-Identifier: MIT
// expect: slimfit: inter_layer_within: dense_warm_up would exceed the budget; remove it or use inter_layer
#include <slimfit/freezing.hpp>

using namespace slimfit;

freezing::inter_layer_within<freezing::random, 1 * MiB, freezing::dense_warm_up<5>> const schedule({1, 2, 3});
