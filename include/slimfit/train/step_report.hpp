// SPDX-License-Identifier: MIT
// What a trainer tells of a step.
#pragma once

#include <vector>

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/memory/usage.hpp>
#include <slimfit/train/saturation.hpp>

namespace slimfit {

/// What one training step did.
struct step_report {
  double loss = 0;        ///< mean over the batch, before the update
  index_t correct = 0;    ///< samples whose largest score was the label's
  index_t iteration = 0;  ///< counted from 0
  double learning_rate_factor = 1;
  active_set active;                           ///< units that were updated
  memory_usage measured;                       ///< by the ledger
  memory_usage planned;                        ///< by the plan for this choice; equal
  std::vector<saturation_count> saturation{};  ///< where trainer_options ask for it
};

/// Mean loss and accuracy of a data set.
struct evaluation {
  double loss = 0;
  double accuracy = 0;
};

}  // namespace slimfit
