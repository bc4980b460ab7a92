// SPDX-License-Identifier: MIT
// expect: slimfit: vit_shape: norm_epsilon must be at least 0, e.g. 1e-12
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr vit_shape shape{.norm_epsilon = -1};
int const units = vit<shape, policy::slim, host>::units;
