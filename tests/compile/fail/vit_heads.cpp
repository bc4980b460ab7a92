// SPDX-License-Identifier: MIT
// expect: slimfit: vit_shape: hidden must be a multiple of heads, e.g. 768 of 12
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr vit_shape shape{.hidden = 100, .heads = 12};
int const units = vit<shape, policy::slim, host>::units;
