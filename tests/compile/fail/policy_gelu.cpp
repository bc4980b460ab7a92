// SPDX-License-Identifier: MIT
// expect: slimfit: policy: gelu must be a GELU stash, e.g. stash::gelu_input<stash::dense> or stash::gelu_derivative<format::gelu_derivative_codebook<4>>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using gelu = stash::quantized<format::fixed_point<2, 1>>;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
