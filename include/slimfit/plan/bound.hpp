// SPDX-License-Identifier: MIT
// The most memory that a step may take, whichever units are active: a sum of terms, each of which no choice of so many
// units exceeds.
#pragma once

#include <algorithm>

#include <slimfit/backend/unit_costs.hpp>
#include <slimfit/memory/usage.hpp>

namespace slimfit {

/// Two steps between which all others lie.
struct outer_steps {
  memory_usage all;    ///< every unit is active
  memory_usage least;  ///< as few units are active as the backward pass still visits the whole network with
};

/// What bounds are made of, whatever the number of active units.
struct plan_ends {
  outer_steps in_small_parts;
  /// Where parts of a batch are larger where memory is free: in one part each. They are larger within the peak of small
  /// ones, so this only bounds what is temporary.
  outer_steps in_whole;
  unit_costs costs;  ///< of units that `outer_steps::least` leaves frozen
};

/// Bytes by term. `sum` says how they make up a bound.
struct bound_terms {
  byte_counts peaks;   ///< of a step with as few active units as `plan_ends::least` has
  index_t stored = 0;  ///< what that step stores

  index_t stashes = 0;             ///< what active units add to what is stored
  index_t stashes_at_peak = 0;     ///< what they add to the tape at any moment, the one when a block is recomputed too
  index_t offloaded = 0;           ///< in the host's memory
  index_t moments = 0;             ///< of the optimizer
  index_t kept_gradients = 0;      ///< that stay until the backward pass is done
  index_t released_gradients = 0;  ///< others, at one moment
  index_t workspace = 0;           ///< at one moment
  index_t temporary = 0;           ///< workspace and released gradients at one moment

  [[nodiscard]] constexpr memory_usage sum() const {
    memory_usage usage;
    usage.peak_by_category = peaks;
    usage.peak_by_category[category::optimizer] = moments;
    usage.peak_by_category[category::static_activations] += stashes_at_peak;
    usage.peak_by_category[category::dynamic_activations] += stashes_at_peak;
    usage.peak_by_category[category::gradients] = kept_gradients + released_gradients;
    usage.peak_by_category[category::workspace] = workspace;
    usage.stored = stored + stashes;
    usage.offloaded = offloaded;
    usage.temporary = temporary + kept_gradients;
    usage.activations = std::max(usage.stored, peaks.stored() + stashes_at_peak) + usage.temporary;
    usage.total = peaks[category::weights] + moments + peaks[category::data] + usage.activations;
    return usage;
  }
};

namespace detail {

/// Numbers by unit.
struct unit_bytes {
  index_t of[active_set::capacity]{};  // a plain array, as in active_set

  /// Sum of the `count` largest of the first `units`; what is below 0 counts as 0.
  [[nodiscard]] constexpr index_t sum_of_largest(index_t count, index_t units) const {
    auto left = *this;
    index_t total = 0;
    for (index_t i = 0; i < std::min(count, units); ++i) {
      auto* const largest = std::max_element(left.of, left.of + units);
      total += std::max<index_t>(*largest, 0);
      *largest = 0;
    }
    return total;
  }
};

}  // namespace detail
}  // namespace slimfit
