// SPDX-License-Identifier: MIT
// Which units are active in one iteration. A fixed-size bit set, so that a choice can be copied, compared and used in
// constant expressions: a memory plan for one choice is made at compile time.
#pragma once

#include <bit>
#include <cstdint>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit {

/// A set of unit indices in [0, capacity).
struct active_set {
  static constexpr index_t capacity = 1024;

  /// Bit `i % 64` of word `i / 64` is unit `i`. Public so that the type can be a template argument.
  /// A plain array: compilers limit the steps of a constant expression, and access to std::array's elements takes more.
  std::uint64_t words[capacity / 64]{};

  /// The empty set: every unit is frozen.
  static constexpr active_set none() { return {}; }
  /// Units 0 to `units - 1`.
  /// @throws value_error when `units` is not in [0, capacity].
  static constexpr active_set all(index_t units) {
    active_set result;
    for (index_t unit = 0; unit < units; ++unit) { result.set(unit); }
    return result;
  }

  /// Whether `unit` is active. Indices outside the capacity are not.
  [[nodiscard]] constexpr bool test(index_t unit) const {
    return unit >= 0 && unit < capacity && (words[word(unit)] & bit(unit)) != 0U;
  }
  /// @throws value_error when `unit` is not in [0, capacity).
  constexpr void set(index_t unit, bool active = true) {
    if (unit < 0 || unit >= capacity) {
      raise_mismatch<value_error>("unit", unit, {"at least 0 and less than ", capacity});
    }
    words[word(unit)] = active ? words[word(unit)] | bit(unit) : words[word(unit)] & ~bit(unit);
  }
  /// Number of active units.
  [[nodiscard]] constexpr index_t count() const {
    index_t sum = 0;
    for (auto const bits : words) { sum += std::popcount(bits); }
    return sum;
  }
  friend constexpr bool operator==(active_set const&, active_set const&) = default;

 private:
  static constexpr std::size_t word(index_t unit) { return static_cast<std::size_t>(unit) / 64U; }
  static constexpr std::uint64_t bit(index_t unit) {
    return std::uint64_t{1} << (static_cast<std::uint64_t>(unit) % 64U);
  }
};

}  // namespace slimfit
