// SPDX-License-Identifier: MIT
// Gradients of several ranks become their sum, beside the rest of the backward pass: each is written into a slot of a
// ring, small ones together, and leaves it when the sum is there and the update has had it.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <slimfit/communication/communicator.hpp>
#include <slimfit/memory/arena.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/pass/parameter.hpp>
#include <slimfit/plan/across_ranks.hpp>
#include <slimfit/train/slot_ring.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

namespace detail {
/// What a communicator knows of a sum that is under way.
template <class Communicator>
struct pending_sum_of {
  struct type {};
};
template <overlapping_communicator Communicator>
struct pending_sum_of<Communicator> {
  using type = typename Communicator::pending;
};
}  // namespace detail

/// Holds its memory in category::gradients. On all ranks gradients come in the same order, which is that of a backward
/// pass, so that the same ones share a bucket. What the sums are for is called `done(target, values, part, gradient)`:
/// `values` are the sums of the part's elements, `gradient` is what was given for it.
/// @tparam Device a backend whose memory the communicator can send
template <class Device, scalar T, class Communicator>
class gradient_exchange {
 public:
  using sizes = exchange_sizes<T, typename Communicator::order_type>;
  using sum_type = typename sizes::sum_type;

  /// @param largest elements of the largest parameter
  /// @throws memory_error, std::bad_alloc
  gradient_exchange(Device& device, Communicator const& ranks, index_t parameters, index_t largest)
      : device_(&device),
        ranks_(ranks),
        ring_(sizes::ring(largest)),
        values_(device.memory(), sizes::elements(largest), category::gradients),
        narrow_(device.memory(), sizes::narrows ? sizes::elements(largest) : 0, category::gradients),
        scratch_(device.memory(), sizes::scratch, category::gradients) {
    small_.reserve(static_cast<std::size_t>(parameters));
    device.fill_zero(values_.data(), values_.size());  // there are gaps between gradients
  }

  gradient_exchange(gradient_exchange const&) = delete;
  gradient_exchange& operator=(gradient_exchange const&) = delete;
  ~gradient_exchange() { forget(); }

  /// Gradients count by `share` from now on: the part of all samples that this rank has, where they are means.
  void set_share(double share) { share_ = static_cast<sum_type>(share); }
  /// Whether a gradient of `count` elements is summed in pieces.
  [[nodiscard]] bool cuts(index_t count) const { return count > most(); }
  /// Begins to sum a part of a gradient with those of the other ranks, and calls `done` for it, now or in a later call.
  /// The gradient may go before that.
  template <class Done>
  void add(parameter<T> const& target, T* gradient, gradient_part const& part, Done const& done) {
    if (part.count * static_cast<index_t>(sizeof(T)) < sizes::small_bytes) {
      return add_small(target, gradient, part, done);
    }
    for (index_t first = 0; first < part.count; first += most()) {
      index_t const count = std::min(most(), part.count - first);
      index_t const place = take(count, done);
      scale(gradient + first, count, share_, values_.data() + place);
      groups_.push_back({place, count, {target, gradient + first, {part.first + first, count}, place}});
      start(groups_.back());
    }
    finish_those_done(done);
  }
  /// The same for a whole gradient, of whose sums this rank needs its slice alone: `done` finds anything in the others.
  /// `can_scatter` must hold.
  /// @param slices `sliced_state`
  template <class Slices, class Done>
  void add_sliced(parameter<T> const& target, T* gradient, Slices const& slices, Done const& done) {
    index_t const count = target.count();
    index_t const room = slices.each(count) * slices.ranks;
    index_t const place = take(room, done);
    scale(gradient, count, share_, values_.data() + place);
    groups_.push_back({place, room, {target, gradient, {0, count}, place}, slices.own(count)});
    start(groups_.back());
    finish_those_done(done);
  }
  template <class Slices>
  [[nodiscard]] bool can_scatter(index_t count, Slices const& slices) const {
    return overlaps && slices.is_cut(count) && slices.each(count) * slices.ranks <= most();
  }
  /// Waits for all sums. To be called when a backward pass is done.
  template <class Done>
  void flush(Done const& done) {
    if (bucket_.small > 0) { close(); }
    while (first_group_ < groups_.size()) { finish_oldest(done); }
    forget();
  }
  /// Sums gradients that are kept, where they lie.
  void sum_kept(std::span<kept_gradient<T> const> gradients) {
    auto const bring_back = [this](parameter<T> const&, T const* values, gradient_part const& part, T* gradient) {
      device_->copy(values, gradient, part.count);
    };
    for (auto const& [target, values] : gradients) { add(target, values, {0, target.count()}, bring_back); }
    flush(bring_back);
  }
  /// After a pass that did not end: nothing waits.
  void forget() noexcept {
    if constexpr (overlaps) {
      for (auto& each : groups_) { ranks_.abandon(each.under_way); }
    }
    ring_.forget();
    small_.clear();
    groups_.clear();
    first_small_ = first_group_ = 0;
    bucket_ = {};
    closed_ = no_group;
  }
  /// Memory for anything else while nothing waits.
  [[nodiscard]] std::span<std::byte> staging() {
    return std::as_writable_bytes(std::span(values_.data(), static_cast<std::size_t>(sizes::bucket)));
  }
  void add_to(byte_counts& held) const {
    values_.add_to(held);
    narrow_.add_to(held);
    scratch_.add_to(held);
  }

 private:
  using resource_type = typename Device::resource_type;
  static constexpr auto no_group = static_cast<std::size_t>(-1);
  static constexpr bool overlaps = overlapping_communicator<Communicator>;
  using pending_type = typename detail::pending_sum_of<Communicator>::type;
  struct waiting_gradient {
    parameter<T> target;
    T* gradient;  ///< where it was
    gradient_part part;
    index_t place;  ///< in the ring
  };
  /// What is summed at once: a large gradient, or several small ones.
  struct group {
    index_t place = 0;
    index_t count = 0;
    waiting_gradient large{};
    std::optional<gradient_part> slice{};  ///< that this rank needs of the large one; nothing: all
    std::size_t small = 0;                 ///< of several
    pending_type under_way{};
  };

  /// Elements of the largest piece that is summed at once. The bucket lies in front of the ring.
  [[nodiscard]] index_t most() const { return values_.size() - sizes::bucket; }
  template <class Done>
  void add_small(parameter<T> const& target, T* gradient, gradient_part const& part, Done const& done) {
    if (bucket_.count + part.count > sizes::bucket) { close(); }
    while (bucket_.small == 0 && closed_ != no_group && closed_ >= first_group_) { finish_oldest(done); }
    index_t const place = bucket_.count;
    scale(gradient, part.count, share_, values_.data() + place);
    small_.push_back({target, gradient, part, place});
    bucket_.count += round_up(part.count, arena::alignment / static_cast<index_t>(sizeof(T)));
    ++bucket_.small;
    finish_those_done(done);
  }
  /// A place for `count` elements, which the oldest sums leave where that must be.
  template <class Done>
  index_t take(index_t count, Done const& done) {
    while (true) {
      if (auto const place = ring_.take(count)) { return sizes::bucket + *place; }
      finish_oldest(done);
    }
  }
  /// Begins to sum the bucket.
  void close() {
    closed_ = groups_.size();
    groups_.push_back(std::exchange(bucket_, {}));
    start(groups_.back());
  }
  void start(group& summed) {
    std::span const values(values_.data() + summed.place, static_cast<std::size_t>(summed.count));
    if constexpr (overlaps) {
      summed.under_way = summed.slice ? ranks_.begin_scatter(values) : ranks_.begin_sum(values);
    } else {
      ranks_.sum(values, std::span(scratch_.data(), static_cast<std::size_t>(scratch_.size())));
    }
  }
  /// Lets sums go on, where that is only done in calls.
  template <class Done>
  void finish_those_done(Done const& done) {
    if constexpr (overlaps) {
      while (first_group_ < groups_.size() && ranks_.is_done(groups_[first_group_].under_way)) { finish_oldest(done); }
    }
  }
  template <class Done>
  void finish_oldest(Done const& done) {
    if constexpr (overlaps) { ranks_.finish(groups_[first_group_].under_way); }
    auto const& summed = groups_[first_group_];
    if (summed.small == 0) {
      give(summed.large, summed.slice.value_or(summed.large.part), done);
      ring_.give_back();
    }
    for (auto const end = first_small_ + summed.small; first_small_ < end; ++first_small_) {
      give(small_[first_small_], small_[first_small_].part, done);
    }
    ++first_group_;
  }
  /// @param needed what must be right of the sums of its part
  template <class Done>
  void give(waiting_gradient const& each, gradient_part const& needed, Done const& done) {
    auto const& [target, gradient, part, place] = each;
    if constexpr (sizes::narrows) {
      index_t const first = place + needed.first - part.first;
      scale(values_.data() + first, needed.count, sum_type{1}, narrow_.data() + first);
      done(target, narrow_.data() + place, part, gradient);
    } else {
      done(target, values_.data() + place, part, gradient);
    }
  }
  template <scalar From, scalar To>
  void scale(From const* from, index_t count, sum_type share, To* to) {
    device_->launch(divide_up(count, update_block), kernels::scale_gradient<From, To>{from, count, share, to});
  }

  Device* device_;
  Communicator ranks_;
  slot_ring ring_;
  buffer<sum_type, resource_type> values_;
  buffer<T, resource_type> narrow_;  ///< sums as the optimizer reads them, at the same places
  buffer<sum_type, resource_type> scratch_;
  std::vector<waiting_gradient> small_;
  std::vector<group> groups_;
  std::size_t first_small_ = 0;    ///< of those whose sums are not there
  std::size_t first_group_ = 0;    ///< of those that are not done
  group bucket_{};                 ///< that has room
  std::size_t closed_ = no_group;  ///< the last one that had none
  sum_type share_{1};
};

}  // namespace slimfit
