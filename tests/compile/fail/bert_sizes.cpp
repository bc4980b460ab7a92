// SPDX-License-Identifier: MIT
// expect: slimfit: bert_shape: every size must be positive
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr bert_shape shape{.mlp = 0};
int const units = bert<shape, policy::slim, host>::units;
