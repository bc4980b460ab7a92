// SPDX-License-Identifier: MIT
// expect: slimfit: policy: linear_input must be a matrix stash that keeps something while weights are active, e.g. stash::by_state<stash::dense, stash::none>, or stash::rebuilt
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using linear_input = format::affine<8>;  // a format is no stash: quantized<Format> is
};
int const units = vit<shapes::vit_small_16, own, host>::units;
