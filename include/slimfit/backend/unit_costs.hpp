// SPDX-License-Identifier: MIT
// What single units cost: the bytes that are kept because a unit is active. The counting backend adds them up while a
// network's code runs on it, because layers name the units of what they keep (pass/context.hpp).
#pragma once

#include <algorithm>

#include <slimfit/freezing/active_set.hpp>

namespace slimfit {

/// Bytes by unit: what is kept when the unit alone is active less what is kept when no unit is. Units that share a
/// stash have its bytes each. Negative where an active unit saves memory.
class unit_costs {
 public:
  // Plain arrays, as in active_set.
  index_t stored[active_set::capacity]{};  ///< of what the forward pass leaves
  /// Beside it, while a part of the network is recomputed. One part is at a time, so of equal parts only one has costs.
  index_t recomputed[active_set::capacity]{};

  constexpr void add(index_t unit, index_t bytes) {
    if (!recomputing_) {
      stored[unit] += bytes;
      return;
    }
    recomputed[unit] += bytes;
    part_ = part_.end == 0 ? unit_range{unit, unit + 1}
                           : unit_range{std::min(part_.first, unit), std::max(part_.end, unit + 1)};
  }

  /// Until `end_recomputation` what is kept is a part of the network that is run again.
  constexpr void begin_recomputation() {
    recomputing_ = true;
    part_ = {};
  }
  constexpr void end_recomputation() {
    recomputing_ = false;
    if (covers(part_, dearest_)) {
      forget(dearest_);
      dearest_ = part_;
    } else if (covers(dearest_, part_)) {
      forget(part_);
    } else {  // As if both were recomputed at once, which takes more than either.
      dearest_ = part_;
    }
  }

 private:
  struct unit_range {
    index_t first = 0;
    index_t end = 0;
  };
  /// Whether the units of `a` cost at least what those of `b` do, the first as much as the first, and so on.
  [[nodiscard]] constexpr bool covers(unit_range a, unit_range b) const {
    if (b.end == 0) { return true; }
    if (a.end - a.first != b.end - b.first) { return false; }
    for (index_t i = 0; i < a.end - a.first; ++i) {
      if (stored[a.first + i] < stored[b.first + i] || recomputed[a.first + i] < recomputed[b.first + i]) {
        return false;
      }
    }
    return true;
  }
  constexpr void forget(unit_range part) {
    for (index_t unit = part.first; unit < part.end; ++unit) { recomputed[unit] = 0; }
  }

  bool recomputing_ = false;
  unit_range part_{};     ///< units of the recomputation that runs
  unit_range dearest_{};  ///< units of the most expensive one
};

}  // namespace slimfit
