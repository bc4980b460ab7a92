// SPDX-License-Identifier: MIT
// One training run under one policy, and its outcome as it goes into the report.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../data/batches.hpp"
#include "options.hpp"

namespace examples {

/// The model that is fine-tuned.
inline constexpr char const* model_name = "vit-tiny-7 (6 blocks of width 64)";

struct task_data {
  labelled_images train;
  labelled_images test;
};

/// What is told to a run, and what it tells.
struct run_request {
  finetune_options const& options;
  task_data const& data;
  run_choice choice;
  nlohmann::json const& finished;  ///< outcomes of the runs before this one: kept in a checkpoint
  nlohmann::json const* progress;  ///< the interrupted run's outcome so far, or null: start anew
};

/// `interrupted` when the user pressed Ctrl-C: a checkpoint was written then.
struct run_outcome {
  nlohmann::json report;
  bool interrupted = false;
};

/// Names that `--run` takes.
std::vector<std::string> policy_names();
/// Names that `--backend` takes: what the program was built for.
std::vector<std::string> backend_names();
/// Trains, evaluates on the test images.
/// @throws slimfit::error
run_outcome run_policy(run_request const& request);

/// Facts about the model for the report.
nlohmann::json describe_model();

/// Where an interrupted run is kept.
std::string checkpoint_path(finetune_options const& options);
/// The options that must not change between an interrupted run and its continuation.
nlohmann::json fixed_options(finetune_options const& options);
/// Whether Ctrl-C was pressed.
bool interrupt_requested();
/// Lets the first Ctrl-C end the run after its current step; a second one ends the program.
void catch_interrupts();

}  // namespace examples
