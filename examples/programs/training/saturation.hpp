// SPDX-License-Identifier: MIT
// How many values a run clipped, by layer: summed over its steps, for report.json and the terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <slimfit/train/saturation.hpp>
#include <string>
#include <vector>

namespace examples {

/// Adds the counts of a step to those of a run, an array of {"name", "matrix", "clipped", "total"}.
void add_saturation(nlohmann::json& run, std::vector<slimfit::saturation_count> const& step);
/// The largest shares in words, e.g. "clipped: 2.10 % of keys in vit.encoder.layer.3.attention.attention.key".
std::string saturation_line(nlohmann::json const& run);

}  // namespace examples
