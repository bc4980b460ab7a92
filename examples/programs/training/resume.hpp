// SPDX-License-Identifier: MIT
// What an interrupted command left behind, and whether the same command may go on with it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "options.hpp"

namespace examples {

struct interrupted_command {
  std::string path{};           ///< of the checkpoint; empty: there is nothing to go on with
  nlohmann::json finished{};    ///< outcomes of the runs that are done
  nlohmann::json current{};     ///< the interrupted run's outcome so far
  nlohmann::json contents{};    ///< what the data were; null: the checkpoint does not say
  std::string start_weights{};  ///< checksum of the weights that runs start from; empty: the checkpoint does not say
};

/// The newest checkpoint in `--out` that is whole; nothing where `--resume` was not given.
/// @param program its name
/// @param fixed options that must be as they were
/// @throws slimfit::file_error, slimfit::value_error
interrupted_command read_interrupted(training_options const& options, std::string const& program,
                                     nlohmann::json const& fixed);

/// @param contents of the data that were loaded, see `program::load`
/// @throws slimfit::value_error that says what is not as it was
void require_same_contents(interrupted_command const& interrupted, nlohmann::json const& contents,
                           std::string const& data);

/// JSON as text. Names that are not UTF-8 have U+FFFD in place of what is none, for JSON knows no other text.
/// @param indent as of nlohmann::json::dump
std::string json_text(nlohmann::json const& value, int indent = -1);

}  // namespace examples
