// SPDX-License-Identifier: MIT
// expect: slimfit: inter_layer<Criterion, Rate>: Criterion needs a static double priority(choice_context const&, index_t unit), like freezing::relative_update
#include <slimfit/freezing.hpp>

using namespace slimfit;

struct with_state {
  double priority(freezing::choice_context const&, index_t unit) const { return static_cast<double>(unit); }
};
freezing::inter_layer<with_state, percent<90>> const schedule;
