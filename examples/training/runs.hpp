// SPDX-License-Identifier: MIT
// One training run under one policy, and its outcome as it goes into the report.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "options.hpp"

namespace examples {

/// What is told to a run.
struct run_request {
  training_options const& options;
  run_choice choice;
  std::string program;             ///< its name
  std::string samples;             ///< what samples are called in the plural
  nlohmann::json fixed;            ///< options that a continuation must have too
  nlohmann::json const& finished;  ///< outcomes of the runs before this one: kept in a checkpoint
  nlohmann::json const* progress;  ///< the interrupted run's outcome so far, or null: start anew
};

/// `interrupted` when the user pressed Ctrl-C: a checkpoint was written then.
struct run_outcome {
  nlohmann::json report;
  bool interrupted = false;
};

/// Names that `--run` takes: what the program was built for.
std::vector<std::string> policy_names();
/// Names that `--backend` takes.
std::vector<std::string> backend_names();
/// Names that `--scalar` takes.
std::vector<std::string> scalar_names();

/// e.g. "slim, 75 % frozen".
std::string run_title(run_choice const& choice);
/// The first learning rate of a run.
double learning_rate(run_request const& request);
/// Where an interrupted run is kept.
std::string checkpoint_path(training_options const& options);
/// Whether Ctrl-C was pressed.
bool interrupt_requested();
/// Lets the first Ctrl-C end the run after its current step; a second one ends the program.
void catch_interrupts();

}  // namespace examples
