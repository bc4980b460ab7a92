// SPDX-License-Identifier: MIT
// expect: slimfit: policy: norm must be a layer normalisation stash, e.g. stash::layer_norm_normalized<stash::dense> or stash::layer_norm_input<>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using norm = stash::quantized<format::affine<4>>;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
