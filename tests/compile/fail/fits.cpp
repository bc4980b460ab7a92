// SPDX-License-Identifier: MIT
// expect: slimfit: fits<Model, Batch, Budget>: training takes more than the budget. planned_bytes<...> and budget_bytes<...> in this message have both
// says: planned_bytes<
// says: budget_bytes<314572800
#include <slimfit/backend/host.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/plan/fits.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

static_assert(fits<vit<shapes::vit_small_16, policy::slim, host>, 64, 300 * MiB>);
