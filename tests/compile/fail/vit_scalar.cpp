// SPDX-License-Identifier: MIT
// expect: slimfit: a model's numbers must be float, double or bf16: vit<Shape, Policy, Device, float>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

int const units = vit<shapes::vit_small_16, policy::slim, host, int>::units;
