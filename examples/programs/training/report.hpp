// SPDX-License-Identifier: MIT
// The report of all runs: report.json, a page that shows it, and a table for the terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace examples {

/// Writes `report.json` and `report.html` to `folder`.
/// @throws slimfit::file_error
void write_report(nlohmann::json const& report, std::string const& folder);
/// The table of results, a line per run.
std::string result_table(nlohmann::json const& report);

}  // namespace examples
