// SPDX-License-Identifier: MIT
// Base of a schedule of a program's own: what to write is which units are active in an iteration.
#pragma once

#include <slimfit/freezing/options.hpp>
#include <slimfit/freezing/state.hpp>

namespace slimfit::freezing {

/// Base of a schedule `Schedule` (itself) that has `active_set select(choice_context const& now) const`: the active
/// units of iteration `now.iteration`. Choose by what `now` says alone, also where numbers are drawn (`now.uniform`):
/// then a run that is interrupted goes on with the same choices. Optional:
/// - `active_count active_units(units)` or `index_t most_active(units)`: how many units are active at most, from which
///   plans follow; without it any may be;
/// - `static constexpr bool can_be_active(index_t unit, index_t units)`: false for units that are never active.
/// @tparam Options as of `inter_layer`
template <class Schedule, class... Options>
struct own_schedule {
  using options = schedule_options<Options...>;

  static constexpr bool can_be_active(index_t unit, index_t units) { return unit >= 0 && unit < units; }
  /// @throws value_error for more units than an `active_set` holds
  [[nodiscard]] schedule_state<Schedule> make_state(index_t units, std::uint64_t seed) const {
    return {static_cast<Schedule const&>(*this), units, seed};
  }
};

}  // namespace slimfit::freezing
