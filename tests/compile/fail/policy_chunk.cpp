// SPDX-License-Identifier: MIT
// expect: slimfit: policy: chunk must be chunk::whole_batch or chunk::tokens<Tokens>
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using chunk = percent<50>;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
