// SPDX-License-Identifier: MIT
// What a trainer is told, and what a plan of its memory has to know of it.
#pragma once

#include <cstdint>

#include <slimfit/core/config.hpp>

namespace slimfit {

struct trainer_options {
  std::uint64_t seed = 0;  ///< of the schedule, dropout and stochastic rounding
  index_t steps = 0;       ///< length of the run, for the learning rate; 0: the rate stays constant
  /// Whether a backend that can (CUDA, on a stream of the program's) records a step and enqueues it as a whole as long
  /// as the same units stay active, as a schedule with `hold` lets them. The numbers are the same as without recording.
  bool record_steps = false;
  /// Whether steps report how many values formats with fixed ranges clipped. Takes a number per row while a matrix is
  /// saved and a counter per layer.
  bool count_saturation = false;
};

/// What a plan includes beside training itself.
struct plan_options {
  bool count_saturation = false;  ///< as in trainer_options
  int kept_gradients = 1;         ///< arrays of gradients that parts of a batch are added in
};
/// What a plan includes because a trainer with these options needs it.
constexpr plan_options plan_options_of(trainer_options const& settings) {
  return {.count_saturation = settings.count_saturation};
}

}  // namespace slimfit
