// SPDX-License-Identifier: MIT
// Which samples of a batch are a rank's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Samples `first` to `first + count - 1`.
struct batch_share {
  index_t first = 0;
  index_t count = 0;
  friend constexpr bool operator==(batch_share const&, batch_share const&) = default;
};

/// The part of a batch of `samples` samples that is `part`'s of `parts`: parts are consecutive and differ by one sample
/// at most, the first ones are larger. Where there are fewer samples than parts the last ones have none.
constexpr batch_share share_of_batch(index_t samples, index_t part, index_t parts) {
  index_t const each = samples / parts;
  index_t const larger = samples % parts;
  return {part * each + std::min(part, larger), each + (part < larger ? 1 : 0)};
}

/// The part of a batch that is a rank's when sums have this order: the shards of a tree that are its own, without
/// `Shards` the `rank`th of `ranks` parts.
template <class Order>
constexpr batch_share share_of_rank(index_t samples, index_t rank, index_t ranks) {
  if constexpr (Order::shards == 0) {
    return share_of_batch(samples, rank, ranks);
  } else {
    index_t const own = Order::shards / ranks;
    auto const first = share_of_batch(samples, rank * own, Order::shards);
    auto const last = share_of_batch(samples, rank * own + own - 1, Order::shards);
    return {first.first, last.first + last.count - first.first};
  }
}

namespace detail {
/// The numbers of some samples. @param each numbers of a sample
template <class T>
constexpr std::span<T> part_of(std::span<T> all, batch_share const& part, index_t each) {
  return all.subspan(static_cast<std::size_t>(part.first * each), static_cast<std::size_t>(part.count * each));
}
}  // namespace detail

}  // namespace slimfit
