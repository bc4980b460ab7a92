// SPDX-License-Identifier: MIT
// expect: slimfit: policy: wide_linear_input must be a matrix stash that keeps something while the weight is active, e.g. stash::by_state<stash::dense, stash::none>, or stash::rebuilt
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using wide_linear_input = stash::by_state<stash::none, stash::dense>;  // the wrong way round
};
int const units = vit<shapes::vit_small_16, own, host>::units;
