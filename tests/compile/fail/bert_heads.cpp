// SPDX-License-Identifier: MIT
// expect: slimfit: bert_shape: hidden must be a multiple of heads, e.g. 768 of 12
#include <slimfit/backend/host.hpp>
#include <slimfit/models/bert.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

constexpr bert_shape shape{.hidden = 100};
int const units = bert<shape, policy::slim, host>::units;
