// SPDX-License-Identifier: MIT
// expect: slimfit: policy: head_input must be a matrix stash, e.g. stash::dense, unless normalizes_all_rows
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using head_input = stash::none;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
