// SPDX-License-Identifier: MIT
// expect: slimfit: a model's arguments are in another order: first the shape, then the policy, then the backend, then the scalar, e.g. vit<shape, policy::slim, host, float>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

int const units = bert<shapes::minilm_l6, policy::slim, float, host>::units;
