// SPDX-License-Identifier: MIT
// What a trainer is told and what it tells.
#pragma once

#include <vector>

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/memory/usage.hpp>
#include <slimfit/train/saturation.hpp>

namespace slimfit {

struct trainer_options {
  std::uint64_t seed = 0;  ///< of the schedule, dropout and stochastic rounding
  index_t steps = 0;       ///< length of the run, for the learning rate; 0: the rate stays constant
  /// Whether a backend that can (CUDA, on a stream of the program's) records a step and enqueues it as a whole as long
  /// as the same units stay active, as a schedule with `hold` lets them. The numbers are those of steps that are not.
  bool record_steps = false;
  /// Whether steps report how many values formats with fixed ranges clipped. Takes a number per row while a matrix is
  /// saved and a counter per layer.
  bool count_saturation = false;
};

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
