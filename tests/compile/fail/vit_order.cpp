// SPDX-License-Identifier: MIT
// expect: slimfit: a model's arguments are in another order: first the shape, then the policy, then the backend, then the scalar, e.g. vit<shape, policy::slim, host, float>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

int const units = vit<shapes::vit_small_16, host, policy::slim>::units;
