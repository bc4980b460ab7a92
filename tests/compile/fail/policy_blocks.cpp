// SPDX-License-Identifier: MIT
// expect: slimfit: policy: blocks must say what each block keeps, e.g. blocks::stashed or blocks::recompute_lowest<2, stash::quantized<format::affine<8, 64>>>; its input must be a matrix stash
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using blocks = stash::dense;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
