// SPDX-License-Identifier: MIT
// expect: slimfit: bert_shape: norm_epsilon must be at least 0, e.g. 1e-12
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr bert_shape shape{.norm_epsilon = -1};
int const units = bert<shape, policy::slim, host>::units;
