// SPDX-License-Identifier: MIT
// expect: slimfit: policy: freezing must be a schedule, e.g. freezing::never or freezing::inter_layer<freezing::relative_update, percent<95>>; a criterion alone is none
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct own : policy::slim {
  using freezing = slimfit::freezing::relative_update;
};
int const units = vit<shapes::vit_small_16, own, host>::units;
