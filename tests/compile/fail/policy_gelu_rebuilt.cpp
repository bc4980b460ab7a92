// SPDX-License-Identifier: MIT
// expect: slimfit: policy: wide_linear_input is stash::rebuilt, so gelu must keep GELU's input: stash::gelu_input<...>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::exact {
  using gelu = stash::gelu_derivative<format::gelu_derivative_codebook<4>>;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
