// SPDX-License-Identifier: MIT
// How far the gradients of a run are from exact ones, by parameter: for errors.json and the terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <slimfit/train/gradient_error.hpp>
#include <string>
#include <vector>

#include "options.hpp"

namespace examples {

/// Adds the errors on one batch to those on others.
void add_errors(std::vector<slimfit::gradient_error>& all, std::vector<slimfit::gradient_error> const& batch);
/// {"policy", "rate", "errors": [{"name", "exact", "difference"}, ...]}, the rate in percent, norms over all batches.
nlohmann::json errors_json(run_choice const& run, std::vector<slimfit::gradient_error> const& errors);
/// e.g. "gradients 5.1 % off, most in vit.encoder.layer.0.output.dense.weight: 8.0 %".
std::string error_line(std::vector<slimfit::gradient_error> const& errors);

}  // namespace examples
