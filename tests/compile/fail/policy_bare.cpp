// SPDX-License-Identifier: MIT
// expect: slimfit: policy: derive from a preset, e.g. struct my_policy : policy::slim {}, and change what should differ; this type lacks members that a policy must have
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own {
  using gelu = stash::gelu_input<stash::dense>;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
