// SPDX-License-Identifier: MIT
// Options for plans of training on several ranks, and the memory in which their gradients meet.
#pragma once

#include <algorithm>

#include <slimfit/communication/summation.hpp>
#include <slimfit/core/scalar.hpp>
#include <slimfit/memory/arena.hpp>
#include <slimfit/optim/state_slices.hpp>

namespace slimfit {

/// Sizes of the memory through which ranks sum gradients of type `T`: a bucket for small ones, and a ring of slots,
/// each for a large one or a piece of it.
template <scalar T, class Order>
struct exchange_sizes {
  using sum_type = compute_type<T>;
  static constexpr index_t small_bytes = 64 * KiB;  ///< gradients of fewer share a bucket
  static constexpr index_t bucket_bytes = 512 * KiB;
  static constexpr index_t most_bytes = 16 * MiB;  ///< of the slot that the largest gradient has room in
  static constexpr bool narrows = !std::is_same_v<T, sum_type>;

  static constexpr index_t bucket = bucket_bytes / static_cast<index_t>(sizeof(sum_type));  ///< elements
  static constexpr index_t scratch = Order::needs_scratch ? bucket : 0;
  /// Elements of the ring where the largest parameter has `largest`. Sums in a fixed order are not under way beside
  /// anything: they have room for a bucket.
  static constexpr index_t ring(index_t largest) {
    constexpr index_t most = most_bytes / static_cast<index_t>(sizeof(sum_type));
    return Order::needs_scratch ? bucket : std::clamp(round_up(largest, bucket), bucket, most);
  }
  /// Of both.
  static constexpr index_t elements(index_t largest) { return bucket + ring(largest); }
  static constexpr index_t bytes(index_t largest) {
    auto const in_sums = (elements(largest) + scratch) * static_cast<index_t>(sizeof(sum_type));
    return in_sums + (narrows ? elements(largest) * static_cast<index_t>(sizeof(T)) : 0);
  }
};

/// Options for plans alone: what one of several ranks takes. `plan<model, across_ranks<adamw>>(batch)`, where `batch`
/// is the rank's part.
/// @tparam Optimizer options of the optimizer
/// @tparam Order     of sums, see communication/summation.hpp
template <class Optimizer, class Order = summation::library>
struct across_ranks : Optimizer {
  template <scalar T>
  [[nodiscard]] static constexpr index_t exchange_bytes(index_t parameters, index_t largest_parameter) {
    index_t const list = detail::cuts_state<Optimizer> ? arena::bytes_of<std::int32_t>(parameters) : 0;
    return exchange_sizes<T, Order>::bytes(largest_parameter) + list;
  }
};

namespace detail {
/// Bytes in which gradients meet those of other ranks; 0 where there is one rank.
template <class Options, scalar T>
constexpr index_t exchange_bytes(index_t parameters, index_t largest_parameter) {
  if constexpr (requires { Options::template exchange_bytes<T>(parameters, largest_parameter); }) {
    return Options::template exchange_bytes<T>(parameters, largest_parameter);
  } else {
    return 0;
  }
}
}  // namespace detail

}  // namespace slimfit
