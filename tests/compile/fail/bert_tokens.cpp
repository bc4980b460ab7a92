// SPDX-License-Identifier: MIT
// expect: slimfit: bert_shape: tokens must be between 1 and positions, the rows of the position table
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr bert_shape shape{.tokens = 600};
int const units = bert<shape, policy::slim, host>::units;
