// SPDX-License-Identifier: MIT
// Written by bench/write_candidates.py; bench/candidates.sh measures anew. Errors of gradients on pretrained models,
// each operator coded alone (root mean square of MiniLM-L6's on sentences and ViT-S/14's on images); bytes and times of
// ViT-S/16's steps.
#pragma once

#include <slimfit/plan/operator_choices.hpp>
#include <slimfit/policy/presets.hpp>

namespace slimfit {

using measured_choices = choice_table<
    policy::exact, freezing_rates<0, 50, 75, 90, 95>,
    blocks_choices<blocks_choice<policy::unchanged, 100, 0, 101, 93, 85, 73, 71>,
                   blocks_choice<policy::with_blocks<blocks::recompute_share<50>>, 4, 0, 116, 110, 99, 91, 89>,
                   blocks_choice<policy::with_blocks<blocks::recompute_all<>>, 4, 0, 131, 128, 114, 108, 103>,
                   blocks_choice<policy::with_blocks<blocks::recompute_all<stash::quantized<format::affine<8, 64>>>>, 4,
                                 165, 131, 128, 114, 108, 103>>,
    operator_choices<operator_choice<policy::unchanged, 0, 0, 0, 0>,
                     operator_choice<policy::coded_norms<8>, -2163, 0, 35, -19>,
                     operator_choice<policy::coded_norms<4>, -2531, 782, 590, -36>,
                     operator_choice<policy::coded_norms<2>, -2715, 782, 2003, -17>>,
    operator_choices<operator_choice<policy::unchanged, 0, 0, 0, 0>,
                     operator_choice<policy::coded_gelu<8>, -4138, 0, 60, -25>,
                     operator_choice<policy::coded_gelu<4>, -4930, 1497, 590, -6>,
                     operator_choice<policy::coded_gelu<2>, -5282, 1497, 2742, -35>>,
    operator_choices<operator_choice<policy::unchanged, 0, 0, 0, 0>,
                     operator_choice<policy::coded_attention<8>, -3420, -1034, 350, 20>>>;

}  // namespace slimfit
