// SPDX-License-Identifier: MIT
// expect: slimfit: vit_shape: image must be a multiple of patch, e.g. 224 of 16
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr vit_shape shape{.image = 30, .patch = 16};
int const units = vit<shape, policy::slim, host>::units;
