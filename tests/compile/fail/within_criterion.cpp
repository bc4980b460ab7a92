// SPDX-License-Identifier: MIT
// expect: slimfit: inter_layer_within<Criterion, Budget>: Criterion needs a static double priority(choice_context const&, index_t unit), like freezing::relative_update
#include <slimfit/freezing.hpp>

using namespace slimfit;

freezing::inter_layer_within<percent<90>, 1 * MiB> const schedule({1, 2, 3});
