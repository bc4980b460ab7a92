// SPDX-License-Identifier: MIT
// What bytes are for. Every allocation of the library has one of these categories.
#pragma once

#include <algorithm>
#include <array>
#include <iterator>

#include <slimfit/core/config.hpp>

namespace slimfit {

enum class category : unsigned char {
  weights,
  gradients,
  optimizer,
  static_activations,   ///< kept for the backward pass whether or not any weight is frozen
  dynamic_activations,  ///< kept only because a weight is active
  workspace,
  data
};

inline constexpr int category_count = 7;

/// Names as in reports.
inline constexpr std::array<char const*, category_count> category_names{"weights", "gradients", "optimizer", "static",
                                                                        "dynamic", "workspace", "data"};

/// Bytes by category.
struct byte_counts {
  index_t by_category[category_count]{};  // an array of the language: plans come here often, see ledger.hpp

  constexpr index_t& operator[](category which) { return by_category[static_cast<std::size_t>(which)]; }
  constexpr index_t operator[](category which) const { return by_category[static_cast<std::size_t>(which)]; }
  [[nodiscard]] constexpr index_t total() const {
    index_t sum = 0;
    for (auto const bytes : by_category) { sum += bytes; }
    return sum;
  }
  /// What the tape holds.
  [[nodiscard]] constexpr index_t stored() const {
    return (*this)[category::static_activations] + (*this)[category::dynamic_activations];
  }
  /// Everything that is neither weights, optimizer, data nor stored.
  [[nodiscard]] constexpr index_t temporary() const {
    return (*this)[category::gradients] + (*this)[category::workspace];
  }
  /// Everything but weights, optimizer and data.
  [[nodiscard]] constexpr index_t activations() const { return stored() + temporary(); }
  constexpr void raise_to(byte_counts const& other) {
    for (std::size_t i = 0; i < std::size(by_category); ++i) {
      by_category[i] = std::max(by_category[i], other.by_category[i]);
    }
  }
  /// What is left of it without `others`.
  [[nodiscard]] constexpr byte_counts without(byte_counts const& others) const {
    byte_counts rest = *this;
    for (std::size_t i = 0; i < std::size(by_category); ++i) { rest.by_category[i] -= others.by_category[i]; }
    return rest;
  }
  friend constexpr bool operator==(byte_counts const&, byte_counts const&) = default;
};

}  // namespace slimfit
