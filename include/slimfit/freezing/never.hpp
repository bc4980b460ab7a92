// SPDX-License-Identifier: MIT
// No scheduling: every unit is active in every iteration.
#pragma once

#include <slimfit/freezing/inter_layer.hpp>
#include <slimfit/freezing/none.hpp>

namespace slimfit::freezing {

/// Full fine-tuning.
using never = inter_layer<none>;

}  // namespace slimfit::freezing
