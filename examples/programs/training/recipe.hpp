// SPDX-License-Identifier: MIT
// The published recipe of a task as the defaults of a program's options, and the optimizer that they ask for.
#pragma once

#include <slimfit/train/published_recipes.hpp>

#include "../support/moments.hpp"
#include "options.hpp"

namespace examples {

/// Sets what the paper trained the task with, if it did. The rate of runs that freeze nothing, which it has none of,
/// stays.
inline void set_published_defaults(training_options& options) {
  auto const* const recipe = slimfit::published_recipe_of(options.task);
  if (recipe == nullptr) { return; }
  options.batch = recipe->batch;
  options.epochs = recipe->epochs;
  options.scheduled_learning_rate = recipe->optimizer.learning_rate;
  options.weight_decay = recipe->optimizer.weight_decay;
  options.seed = recipe->seed;
  options.optimizer = "published";
  auto const rate = std::to_string(recipe->frozen_percent);
  options.run_texts = {"eager", "eager:" + rate, "paper:" + rate, "slim:" + rate};
}

/// @throws slimfit::value_error when it should be the published one and there is none for the task
inline slimfit::published_recipe const* chosen_recipe(training_options const& options) {
  if (options.optimizer != "published") { return nullptr; }
  auto const* const recipe = slimfit::published_recipe_of(options.task);
  if (recipe == nullptr) {
    throw slimfit::value_error(slimfit::mismatch("--optimizer", std::string("published"),
                                                 "usual: the paper's code has no recipe for the task " + options.task));
  }
  return recipe;
}

inline chosen_adamw optimizer_of(training_options const& options, double learning_rate) {
  auto result = adamw_with(options.moments);
  if (auto const* const recipe = chosen_recipe(options)) {
    result.epsilon = recipe->optimizer.epsilon;
    result.epsilon_before_correction = recipe->optimizer.epsilon_before_correction;
    result.decay_first = recipe->optimizer.decay_first;
    result.decays = recipe->optimizer.decays;
  }
  result.learning_rate = learning_rate;
  result.weight_decay = options.weight_decay;
  return result;
}

inline slimfit::published_decay learning_rate_decay_of(training_options const& options) {
  auto const* const recipe = chosen_recipe(options);
  return recipe == nullptr ? slimfit::published_decay{} : recipe->schedule;
}

}  // namespace examples
