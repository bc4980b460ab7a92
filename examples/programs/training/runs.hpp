// SPDX-License-Identifier: MIT
// One training run under one policy, and its outcome as it goes into the report.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../support/command_ranks.hpp"
#include "options.hpp"

namespace examples {

/// The weights that all runs of a command start from. They are read once: the folder that they come from may be the one
/// that models are saved to.
struct start_weights {
  std::vector<std::byte> bytes{};  ///< of all parameters; empty: to be read
  std::string checksum{};          ///< empty: not known yet
};

/// What is told to a run.
struct run_request {
  training_options const& options;
  run_choice choice;
  std::string program;             ///< its name
  std::string samples;             ///< what samples are called in the plural
  nlohmann::json fixed;            ///< options that a continuation must have too
  nlohmann::json const& contents;  ///< what the data are: a continuation must have the same
  nlohmann::json const& finished;  ///< outcomes of the runs before this one: kept in a checkpoint
  nlohmann::json const* progress;  ///< the interrupted run's outcome so far, or null: start anew
  std::string const& checkpoint;   ///< where the interrupted run's weights are
  bool is_last;                    ///< of the command: its model is the one to save
  start_weights& start;
  command_ranks& ranks;  ///< that train together
};

/// `interrupted` when the program was asked to end: a checkpoint was written then.
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

}  // namespace examples
