// SPDX-License-Identifier: MIT
// Made by bench/candidates.sh: the presets at five freezing rates with the errors of their gradients on pretrained
// models and the times of their steps.
#pragma once

#include <slimfit/policy/presets.hpp>
#include <slimfit/train/candidate.hpp>

namespace slimfit {

using measured_candidates =
    candidates<candidate<policy::eager, 0, 0, 100>, candidate<policy::exact, 0, 0, 105>,
               candidate<policy::slim, 0, 500, 110>, candidate<policy::slim_2bit, 95, 2000, 80>>;

}  // namespace slimfit
