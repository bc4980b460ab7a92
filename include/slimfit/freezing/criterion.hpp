// SPDX-License-Identifier: MIT
// A freezing criterion gives every unit a priority; the schedule around it keeps the highest active. A criterion is a
// stateless type with one static function, so a program's own takes a few lines:
//
//   struct newest_first {
//     static double priority(slimfit::freezing::choice_context const& context, slimfit::index_t unit) {
//       return static_cast<double>(context.records[static_cast<std::size_t>(unit)].last_active);
//     }
//   };
#pragma once

#include <concepts>
#include <limits>
#include <span>

#include <slimfit/core/philox.hpp>
#include <slimfit/freezing/unit_statistics.hpp>

namespace slimfit::freezing {

/// What the scheduler remembers of a unit. Frozen units keep their last statistics.
struct unit_record {
  unit_statistics last;      ///< from its last update
  bool measured = false;     ///< whether `last` was ever observed
  index_t last_active = -1;  ///< number of the last choice that made it active, -1 for none
};

/// What a criterion decides from.
struct choice_context {
  std::span<unit_record const> records;  ///< one per unit
  index_t iteration = 0;                 ///< training iteration that the choice is for
  index_t choice = 0;                    ///< number of this choice; below `iteration` when choices are held
  std::uint64_t seed = 0;

  [[nodiscard]] constexpr index_t units() const { return static_cast<index_t>(records.size()); }
  [[nodiscard]] constexpr unit_record const& operator[](index_t unit) const {
    return records[static_cast<std::size_t>(unit)];
  }
  /// Uniform in [0, 1), 32 bits; the same for the same seed, time and unit.
  [[nodiscard]] constexpr double uniform(index_t time, index_t unit) const {
    constexpr std::uint32_t place = 0xFFFF0001U;  // apart from the places of layers, which count from 0
    return random_stream{seed, static_cast<std::uint32_t>(time), place}.word(unit) * 0x1p-32;
  }
};

/// Maps (context, unit) to a priority; higher is rather active. `never_active` freezes a unit whatever the rate; NaN
/// counts as the highest.
/// A criterion may also have `static constexpr bool can_be_active(index_t unit, index_t units)`, from which memory
/// plans leave out the activations of units that never train.
template <class C>
concept freezing_criterion = requires(choice_context const& context, index_t unit) {
  { C::priority(context, unit) } -> std::convertible_to<double>;
};

/// The priority of a unit that a criterion never trains.
inline constexpr double never_active = -std::numeric_limits<double>::infinity();

/// Priority of a unit that has no statistics yet: uniform in [0, 1e7), far above real distances, so that each unit is
/// active once before measurements rank them (SlimFit's rule, arXiv 2305.18513).
constexpr double start_priority(choice_context const& context, index_t unit) { return 1e7 * context.uniform(0, unit); }

/// Whether `Criterion` can make `unit` active at all.
template <class Criterion>
constexpr bool can_be_active(index_t unit, index_t units) {
  if constexpr (requires { Criterion::can_be_active(unit, units); }) {
    return Criterion::can_be_active(unit, units);
  } else {
    return unit >= 0 && unit < units;
  }
}

}  // namespace slimfit::freezing
