// SPDX-License-Identifier: MIT
// Options for plans of training on several ranks, and the memory in which their gradients meet.
#pragma once

#include <slimfit/communication/summation.hpp>
#include <slimfit/core/scalar.hpp>

namespace slimfit {

/// Sizes of the memory through which ranks sum gradients of type `T`.
template <scalar T, class Order>
struct exchange_sizes {
  using sum_type = compute_type<T>;
  /// Gradients of fewer bytes share a bucket; others are summed where they are, unless they are of fewer bits than
  /// sums.
  static constexpr index_t small_bytes = 64 * KiB;
  static constexpr index_t bucket_bytes = 512 * KiB;
  static constexpr bool narrows = !std::is_same_v<T, sum_type>;

  static constexpr index_t bucket = bucket_bytes / static_cast<index_t>(sizeof(sum_type));  ///< elements
  static constexpr index_t scratch = Order::needs_scratch ? bucket : 0;
  static constexpr index_t narrow = narrows ? bucket : 0;
  static constexpr index_t bytes =
      (bucket + scratch) * static_cast<index_t>(sizeof(sum_type)) + narrow * static_cast<index_t>(sizeof(T));
};

/// Options for plans alone: what one of several ranks takes. `plan<model, across_ranks<adamw>>(batch)`, where `batch`
/// is the rank's part.
/// @tparam Optimizer options of the optimizer
/// @tparam Order     of sums, see communication/summation.hpp
template <class Optimizer, class Order = summation::library>
struct across_ranks : Optimizer {
  template <scalar T>
  static constexpr index_t exchange_bytes = exchange_sizes<T, Order>::bytes;
};

namespace detail {
/// Bytes in which gradients of other ranks arrive; 0 where there is one rank.
template <class Options, scalar T>
inline constexpr index_t exchange_bytes = 0;
template <class Options, scalar T>
requires requires { Options::template exchange_bytes<T>; }
inline constexpr index_t exchange_bytes<Options, T> = Options::template exchange_bytes<T>;
}  // namespace detail

}  // namespace slimfit
