// SPDX-License-Identifier: MIT
// How a program ends that its command line does not start.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "command_ranks.hpp"

namespace examples {

/// Ends the program after `--help` or a mistake, which the first rank tells.
[[noreturn]] inline void exit_by(CLI::App const& app, CLI::ParseError const& problem) {
  std::exit(launched().rank == 0 ? app.exit(problem) : problem.get_exit_code());
}

}  // namespace examples
