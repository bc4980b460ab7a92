// SPDX-License-Identifier: MIT
// expect: slimfit: vit_shape: every size must be positive
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr vit_shape shape{.layers = 0};
int const units = vit<shape, policy::slim, host>::units;
