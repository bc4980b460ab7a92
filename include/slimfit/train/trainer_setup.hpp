// SPDX-License-Identifier: MIT
// The arguments of a trainer by name.
#pragma once

#include <slimfit/plan/trainer_options.hpp>

namespace slimfit {

/// All that a trainer is made with, by name; see `trainer::setup`.
template <class Optimizer, class Schedule, class LearningRate>
struct trainer_setup {
  Optimizer optimizer{};
  trainer_options options{};
  Schedule schedule{};
  LearningRate learning_rate{};
};

}  // namespace slimfit
