// SPDX-License-Identifier: MIT
#include "gradient_errors.hpp"

#include <algorithm>
#include <cmath>

#include "../tools/table.hpp"

namespace examples {

void add_errors(std::vector<slimfit::gradient_error>& all, std::vector<slimfit::gradient_error> const& batch) {
  if (all.empty()) {
    all = batch;
    return;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].exact = std::hypot(all[i].exact, batch[i].exact);
    all[i].difference = std::hypot(all[i].difference, batch[i].difference);
  }
}

nlohmann::json errors_json(run_choice const& run, std::vector<slimfit::gradient_error> const& errors) {
  auto array = nlohmann::json::array();
  for (auto const& each : errors) {
    array.push_back({{"name", each.name}, {"exact", each.exact}, {"difference", each.difference}});
  }
  return {{"policy", run.policy}, {"rate", run.rate}, {"errors", std::move(array)}};
}

std::string error_line(std::vector<slimfit::gradient_error> const& errors) {
  auto const all = slimfit::sum_of(errors);
  // What hardly has a gradient, e.g. a key's bias, is nothing but rounding.
  auto const counts = [&](slimfit::gradient_error const& each) { return each.exact > 1e-3 * all.exact; };
  auto const most = std::max_element(errors.begin(), errors.end(), [&](auto const& a, auto const& b) {
    return counts(a) * a.relative() < counts(b) * b.relative();
  });
  return "gradients " + fixed(100 * all.relative(), 2) + " % off, most in " + most->name + ": " +
         fixed(100 * most->relative(), 2) + " %";
}

}  // namespace examples
