// SPDX-License-Identifier: MIT
// Written by bench/write_candidates.py; bench/candidates.sh measures anew. Presets at five freezing rates with the
// errors of their gradients on pretrained models (root mean square of MiniLM-L6's on
// sentences and ViT-S/14's on images) and the times of ViT-S/16's steps.
#pragma once

#include <slimfit/policy/presets.hpp>
#include <slimfit/train/candidate.hpp>

namespace slimfit {

using measured_candidates = candidates<
    candidate<policy::eager, 0, 0, 100>, candidate<policy::eager, 50, 0, 98>, candidate<policy::eager, 75, 0, 85>,
    candidate<policy::eager, 90, 0, 78>, candidate<policy::eager, 95, 0, 74>, candidate<policy::paper, 0, 2543, 112>,
    candidate<policy::paper, 50, 3154, 97>, candidate<policy::paper, 75, 3675, 85>,
    candidate<policy::paper, 90, 4154, 76>, candidate<policy::paper, 95, 4236, 75>, candidate<policy::exact, 0, 0, 100>,
    candidate<policy::exact, 50, 0, 93>, candidate<policy::exact, 75, 0, 82>, candidate<policy::exact, 90, 0, 75>,
    candidate<policy::exact, 95, 0, 70>, candidate<policy::exact_half_recomputed, 0, 0, 115>,
    candidate<policy::exact_half_recomputed, 50, 0, 111>, candidate<policy::exact_half_recomputed, 75, 0, 93>,
    candidate<policy::exact_half_recomputed, 90, 0, 91>, candidate<policy::exact_half_recomputed, 95, 0, 85>,
    candidate<policy::exact_recomputed, 0, 0, 131>, candidate<policy::exact_recomputed, 50, 0, 125>,
    candidate<policy::exact_recomputed, 75, 0, 110>, candidate<policy::exact_recomputed, 90, 0, 105>,
    candidate<policy::exact_recomputed, 95, 0, 98>, candidate<policy::slim, 0, 871, 96>,
    candidate<policy::slim, 50, 871, 88>, candidate<policy::slim, 75, 871, 74>, candidate<policy::slim, 90, 871, 73>,
    candidate<policy::slim, 95, 871, 67>, candidate<policy::slim_3bit, 0, 1735, 98>,
    candidate<policy::slim_3bit, 50, 1735, 94>, candidate<policy::slim_3bit, 75, 1735, 74>,
    candidate<policy::slim_3bit, 90, 1735, 71>, candidate<policy::slim_3bit, 95, 1735, 66>,
    candidate<policy::slim_2bit, 0, 3315, 94>, candidate<policy::slim_2bit, 50, 3315, 90>,
    candidate<policy::slim_2bit, 75, 3315, 79>, candidate<policy::slim_2bit, 90, 3315, 71>,
    candidate<policy::slim_2bit, 95, 3315, 66>, candidate<policy::slim_recomputed, 0, 918, 128>,
    candidate<policy::slim_recomputed, 50, 918, 123>, candidate<policy::slim_recomputed, 75, 918, 105>,
    candidate<policy::slim_recomputed, 90, 918, 100>, candidate<policy::slim_recomputed, 95, 918, 98>>;

}  // namespace slimfit
