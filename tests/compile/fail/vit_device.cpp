// SPDX-License-Identifier: MIT
// expect: slimfit: a model's Device must be a backend, e.g. host: vit<Shape, Policy, host, float>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

int const units = vit<shapes::vit_small_16, policy::slim, float>::units;
