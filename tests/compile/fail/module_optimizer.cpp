// SPDX-License-Identifier: MIT
// expect: slimfit: module: Optimizer must take gradients one by one; clip_global_norm needs all at once
#include <slimfit/backend/host.hpp>
#include <slimfit/layers/mlp.hpp>
#include <slimfit/optim/clipping.hpp>
#include <slimfit/policy/presets.hpp>
#include <slimfit/train/module.hpp>

using namespace slimfit;

int const units = module<mlp<16, 32, policy::slim, float>, host, clip_global_norm<adamw>>::units;
