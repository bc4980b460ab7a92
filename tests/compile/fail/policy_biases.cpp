// SPDX-License-Identifier: MIT
// expect: slimfit: policy: biases (bias_updates), classifier_kind (parameter_kind), padding (padding_tokens), releases_gradients, normalizes_all_rows and computes_dead_rows (bool) must be static constexpr members of these types
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  static constexpr bool biases = true;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
