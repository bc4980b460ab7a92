// SPDX-License-Identifier: MIT
// The paper's scheduler, written from its rules and from nothing else: sort (distance, index), freeze the first
// floor(rate * units).
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace reference {

/// Active flags of one iteration. `percent` of the units, rounded down, are frozen.
inline std::vector<bool> paper_choice(std::vector<double> const& distances, long percent) {
  std::vector<std::pair<double, std::size_t>> sorted;
  for (std::size_t i = 0; i < distances.size(); ++i) { sorted.emplace_back(distances[i], i); }
  std::sort(sorted.begin(), sorted.end());
  std::vector<bool> active(distances.size(), true);
  auto const frozen = static_cast<std::size_t>(percent * static_cast<long>(distances.size()) / 100);
  for (std::size_t i = 0; i < frozen; ++i) { active[sorted[i].second] = false; }
  return active;
}

}  // namespace reference
