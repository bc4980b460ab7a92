// SPDX-License-Identifier: MIT
// expect: slimfit: policy: attention_output must be a matrix stash that keeps something while the weight is active, e.g. stash::by_state<stash::dense, stash::none>; it cannot be rebuilt
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using attention_output = stash::rebuilt;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
