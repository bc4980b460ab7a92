// SPDX-License-Identifier: MIT
#include "saturation.hpp"

#include <algorithm>
#include <map>

#include "../tools/table.hpp"

namespace examples {

namespace {

/// Layers that the line names, at most.
constexpr std::size_t named_layers = 3;

double share(nlohmann::json const& count) {
  return count.at("clipped").get<double>() / count.at("total").get<double>();
}

std::string in_words(std::string const& matrix) {
  static std::map<std::string, std::string> const words{{"input", "inputs"},  {"gelu", "GELU's inputs"},
                                                        {"query", "queries"}, {"key", "keys"},
                                                        {"value", "values"},  {"normalized", "normalised values"}};
  return words.at(matrix);
}

}  // namespace

void add_saturation(nlohmann::json& run, std::vector<slimfit::saturation_count> const& step) {
  for (auto const& count : step) {
    auto const* const matrix = slimfit::saturated_matrix_names[static_cast<std::size_t>(count.matrix)];
    auto const same = std::find_if(run.begin(), run.end(), [&](nlohmann::json const& each) {
      return each.at("name") == count.layer && each.at("matrix") == matrix;
    });
    if (same == run.end()) {
      run.push_back({{"name", count.layer}, {"matrix", matrix}, {"clipped", count.clipped}, {"total", count.total}});
    } else {
      (*same)["clipped"] = same->at("clipped").get<slimfit::index_t>() + count.clipped;
      (*same)["total"] = same->at("total").get<slimfit::index_t>() + count.total;
    }
  }
}

std::string saturation_line(nlohmann::json const& run) {
  std::vector<nlohmann::json> counts(run.begin(), run.end());
  std::stable_sort(counts.begin(), counts.end(),
                   [](nlohmann::json const& a, nlohmann::json const& b) { return share(a) > share(b); });
  std::string line = "clipped: ";
  if (counts.empty()) { return line + "nothing is kept with a fixed range"; }
  if (share(counts.front()) == 0) { return line + "no value"; }
  for (std::size_t i = 0; i < std::min(named_layers, counts.size()) && share(counts[i]) > 0; ++i) {
    line += (i > 0 ? ", " : "") + fixed(100 * share(counts[i]), 2) + " % of " +
            in_words(counts[i].at("matrix").get<std::string>()) + " in " + counts[i].at("name").get<std::string>();
  }
  return line;
}

}  // namespace examples
