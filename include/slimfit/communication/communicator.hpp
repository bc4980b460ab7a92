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
  index_t bytes = 0;  ///< of the numbers that were summed, each counted once; half of it where only one of both ways
                      ///< is gone: sums to slices, or slices to all
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
/// bytes are the host's, or in the memory of the device that the communicator is of, see `device_communicator`.
/// `is_single`: whether there is one rank whatever happens. `order_type`: see communication/summation.hpp. `sum(values,
/// scratch)`: afterwards every rank has the sums, to the same bits; an order that needs it is given scratch of any size
/// but 0, the larger the faster. `gather(mine, all)`: every rank gets what all have, in their order, all of one size.
/// `broadcast(bytes, root)`: every rank gets what `root` has. `counted()`: a `traffic`. Calls throw communication_error
/// when another rank has not done the same within the time limit.
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

/// A communicator for optimizers whose state lies in slices, see optim/state_slices.hpp. `share(all, each)`: rank `r`
/// has bytes `r * each` to `(r + 1) * each - 1`, as far as there are any; every rank gets all.
template <class C>
concept sharing_communicator = communicator<C> && requires(C& ranks, std::span<std::byte> bytes) {
  ranks.share(bytes, std::size_t{});
};

/// A communicator whose sums go on while the program does other things. `begin_sum(values)` begins one: the values are
/// the ranks' until `finish(pending)`, which waits for it on the host or, where calls enqueue, on the device's stream.
/// `is_done(pending)`: whether that would wait for nothing; asking lets the sum go on. `abandon(pending)`, which does
/// not throw, ends a sum that nobody needs any more as far as it can, whose memory is about to go. A pending that was
/// made by no sum, or whose sum was finished, is done. `begin_scatter(values)` is the same for values that are cut into
/// as many equal slices as there are ranks: each rank gets the sums of its own, at their places, and anything in the
/// others.
template <class C>
concept overlapping_communicator = communicator<C> &&
    requires(C& ranks, std::span<float> values, std::span<double> wide, typename C::pending& pending) {
  { ranks.begin_sum(values) } -> std::same_as<typename C::pending>;
  { ranks.begin_sum(wide) } -> std::same_as<typename C::pending>;
  { ranks.begin_scatter(values) } -> std::same_as<typename C::pending>;
  { ranks.begin_scatter(wide) } -> std::same_as<typename C::pending>;
  { ranks.is_done(pending) } -> std::same_as<bool>;
  ranks.finish(pending);
  ranks.abandon(pending);
};

/// A communicator whose calls enqueue what they do on a device, a `device_type`, whose memory the numbers and bytes are
/// in, and do not wait. `mark()`: what is enqueued so far is what the next `wait()` waits for, no longer than the time
/// limit; it throws communication_error. `count(traffic)`: counts what was recorded, and runs again.
template <class C>
concept device_communicator = communicator<C> && requires(C& ranks) {
  typename C::device_type;
  ranks.mark();
  ranks.wait();
  ranks.count(traffic{});
};

}  // namespace slimfit
