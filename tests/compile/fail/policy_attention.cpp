// SPDX-License-Identifier: MIT
// expect: slimfit: policy: attention must be attention_policy::tiled<...> or attention_policy::materialized<...> of a matrix stash or stash::quantized_heads<Bits>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using attention = stash::quantized_heads<8>;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
