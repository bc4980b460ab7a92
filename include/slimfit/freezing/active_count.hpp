// SPDX-License-Identifier: MIT
// How many units a schedule makes active: all that a memory plan's bound needs to know of it.
#pragma once

#include <algorithm>
#include <concepts>

#include <slimfit/freezing/never.hpp>

namespace slimfit::freezing {

struct active_count {
  index_t most = 0;     ///< in any iteration
  bool always = false;  ///< whether as many are active in every iteration
};

namespace detail {
template <class Schedule>
inline constexpr bool freezes_nothing = false;
template <class... Options>
inline constexpr bool freezes_nothing<inter_layer<none, percent<0>, Options...>> = true;
}  // namespace detail

/// Of `units` units. A schedule says it by `most_active(units)` or `active_units(units)`; one that does not may make
/// any of them active.
template <class Schedule>
constexpr active_count active_units(Schedule const& schedule, index_t units) {
  if constexpr (requires { schedule.active_units(units); }) {
    return schedule.active_units(units);
  } else if constexpr (requires { schedule.most_active(units); }) {
    return {std::min<index_t>(schedule.most_active(units), units), detail::freezes_nothing<Schedule>};
  } else {
    return {units, false};
  }
}
/// The same where only the type is known: a schedule that cannot be made without arguments may make any unit active.
template <class Schedule>
constexpr active_count active_units(index_t units) {
  if constexpr (std::default_initializable<Schedule>) {
    return active_units(Schedule{}, units);
  } else {
    return {units, false};
  }
}

}  // namespace slimfit::freezing
