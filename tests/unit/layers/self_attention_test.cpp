// SPDX-License-Identifier: MIT
// Self-attention: gradients of all rows and of those that live, whole and in parts of whole sequences.
#include <slimfit/layers/self_attention.hpp>
#include <slimfit/policy/presets.hpp>

#include "support/layer_check.hpp"

using namespace slimfit;

namespace {
struct plain : policy::exact {
  using linear_input = stash::by_state<stash::dense, stash::none>;
};
using body = self_attention<8, 2, plain, double>;
}  // namespace

TEST_CASE("self_attention: gradients are differences of the loss") {
  for (auto const live : {live_rows::all, live_rows::first}) {
    testing::layer_check<body>(sequence_batch(3, 5), 8, 8, live).check_gradients();
    testing::layer_check<body>(sequence_batch(2, 1), 8, 8, live).check_gradients();
  }
}

TEST_CASE("self_attention: the input's gradient may be left out") {
  testing::layer_check<body>(sequence_batch(3, 5), 8, 8).check_without_input_gradient();
}

TEST_CASE("self_attention: parts give what the whole gives") {
  testing::layer_check<body>(sequence_batch(5, 3), 8, 8).check_parts(7);
}
