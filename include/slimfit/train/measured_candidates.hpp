// SPDX-License-Identifier: MIT
// Written by bench/write_candidates.py; bench/candidates.sh measures anew. Presets at five freezing rates with the
// errors of their gradients on pretrained models (root mean square of MiniLM-L6's on
// sentences and ViT-S/14's on images) and the times of ViT-S/16's steps.
#pragma once

#include <slimfit/policy/presets.hpp>
#include <slimfit/train/candidate.hpp>

namespace slimfit {

using measured_candidates = candidates<
    candidate<policy::eager, 0, 0, 100>, candidate<policy::eager, 50, 0, 94>, candidate<policy::eager, 75, 0, 82>,
    candidate<policy::eager, 90, 0, 77>, candidate<policy::eager, 95, 0, 73>, candidate<policy::paper, 0, 2543, 108>,
    candidate<policy::paper, 50, 3154, 104>, candidate<policy::paper, 75, 3675, 87>,
    candidate<policy::paper, 90, 4154, 80>, candidate<policy::paper, 95, 4236, 80>, candidate<policy::exact, 0, 0, 104>,
    candidate<policy::exact, 50, 0, 95>, candidate<policy::exact, 75, 0, 81>, candidate<policy::exact, 90, 0, 72>,
    candidate<policy::exact, 95, 0, 70>, candidate<policy::slim, 0, 871, 94>, candidate<policy::slim, 50, 871, 91>,
    candidate<policy::slim, 75, 871, 77>, candidate<policy::slim, 90, 871, 71>, candidate<policy::slim, 95, 871, 70>,
    candidate<policy::slim_3bit, 0, 1735, 102>, candidate<policy::slim_3bit, 50, 1735, 97>,
    candidate<policy::slim_3bit, 75, 1735, 81>, candidate<policy::slim_3bit, 90, 1735, 75>,
    candidate<policy::slim_3bit, 95, 1735, 72>, candidate<policy::slim_2bit, 0, 3315, 103>,
    candidate<policy::slim_2bit, 50, 3315, 94>, candidate<policy::slim_2bit, 75, 3315, 77>,
    candidate<policy::slim_2bit, 90, 3315, 75>, candidate<policy::slim_2bit, 95, 3315, 73>>;

}  // namespace slimfit
