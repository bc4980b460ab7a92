// SPDX-License-Identifier: MIT
// Ranks: processes that train one model together, each on its part of every batch. A communicator is a rank's handle on
// all of them; a trainer's last template parameter names its type.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// What was sent since the communicator was made.
struct traffic {
  index_t sums = 0;   ///< calls of `sum`
  index_t bytes = 0;  ///< of the numbers that were summed, each counted once
  double waited = 0;  ///< seconds in all calls
  friend constexpr bool operator==(traffic const&, traffic const&) = default;
  friend constexpr traffic operator+(traffic const& a, traffic const& b) {
    return {a.sums + b.sums, a.bytes + b.bytes, a.waited + b.waited};
  }
  /// What was sent since `before`.
  friend constexpr traffic operator-(traffic const& now, traffic const& before) {
    return {now.sums - before.sums, now.bytes - before.bytes, now.waited - before.waited};
  }
};

/// Handles are copied; copies are the same ranks. All ranks call the same functions in the same order. Numbers and
/// bytes are the host's. `is_single`: whether there is one rank whatever happens. `order_type`: see
/// communication/summation.hpp. `sum(values, scratch)`: afterwards every rank has the sums, to the same bits; an order
/// that needs it is given scratch of any size but 0, the larger the faster. `gather(mine, all)`: every rank gets what
/// all have, in their order, all of one size. `broadcast(bytes, root)`: every rank gets what `root` has. `counted()`: a
/// `traffic`. Calls throw communication_error when another rank has not done the same within the time limit.
template <class C>
concept communicator = std::copyable<C> &&
    requires(C& ranks, C const& known, std::span<float> values, std::span<double> wide, std::span<std::byte> bytes) {
  typename C::order_type;
  { C::is_single } -> std::convertible_to<bool>;
  { known.rank() } -> std::same_as<int>;
  { known.size() } -> std::same_as<int>;
  { known.counted() } -> std::same_as<traffic>;
  ranks.sum(values, values);
  ranks.sum(wide, wide);
  ranks.gather(std::span<std::byte const>(bytes), bytes);
  ranks.broadcast(bytes, 0);
};

}  // namespace slimfit
