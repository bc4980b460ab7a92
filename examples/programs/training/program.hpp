// SPDX-License-Identifier: MIT
// The course of every fine-tuning program: the state of an interrupted run, the data, one run after the other, the
// report.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runs.hpp"

namespace examples {

/// What differs from program to program.
struct program {
  std::string name;
  std::string samples;  ///< what samples are called in the plural, e.g. "images"
  training_options const& options;
  nlohmann::json fixed;            ///< options that a continued run must have too
  std::vector<std::string> saved;  ///< paths that `--save` leads to; none: it was not given
  /// Reads the data; all ranks do. @return what the report says of model and data, and what a continuation's data must
  /// be:
  /// {"model": {...}, "data": {...}, "contents": {...}}
  std::function<nlohmann::json(command_ranks const&)> load;
  std::function<run_outcome(run_request const&)> run;
};

/// Runs it. @return the exit status of the process
int run_program(program const& what, int argc, char** argv);

}  // namespace examples
