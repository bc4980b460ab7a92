// SPDX-License-Identifier: MIT
// The memory of a run in the form that plans, ledgers and reports share, so that they can be compared by `==`.
#pragma once

#include <slimfit/memory/category.hpp>

namespace slimfit {

/// Peaks over some stretch of time (a step, a run).
struct memory_usage {
  byte_counts peak_by_category;  ///< the most that each category held; not at the same moment
  index_t stored = 0;            ///< what lay on the tape when a forward pass ended
  index_t temporary = 0;         ///< most bytes at any moment of gradients and workspace together
  index_t activations = 0;       ///< most bytes at any moment outside weights, optimizer and data
  index_t total = 0;             ///< most bytes at any moment
  index_t offloaded = 0;         ///< most bytes at any moment in the host's memory instead; in none of the others

  [[nodiscard]] constexpr index_t peak() const { return total; }

  constexpr void raise_to(memory_usage const& other) {
    peak_by_category.raise_to(other.peak_by_category);
    stored = std::max(stored, other.stored);
    temporary = std::max(temporary, other.temporary);
    activations = std::max(activations, other.activations);
    total = std::max(total, other.total);
    offloaded = std::max(offloaded, other.offloaded);
  }
  /// The part of it that is not `others`, which were there all the time.
  [[nodiscard]] constexpr memory_usage without(byte_counts const& others) const {
    return {peak_by_category.without(others),   stored - others.stored(), temporary - others.temporary(),
            activations - others.activations(), total - others.total(),   offloaded};
  }
  friend constexpr bool operator==(memory_usage const&, memory_usage const&) = default;
};

}  // namespace slimfit
