// SPDX-License-Identifier: MIT
// expect: slimfit: policy: a member is misspelt, so it would change nothing. Members are freezing, linear_input, attention_output, wide_linear_input, head_input, norm, gelu, attention, blocks, chunk, biases, classifier_kind, padding, releases_gradients, normalizes_all_rows and computes_dead_rows
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  static constexpr bool release_gradients = false;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
