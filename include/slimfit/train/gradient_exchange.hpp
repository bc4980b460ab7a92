// SPDX-License-Identifier: MIT
// Gradients of several ranks become their sum: large ones where they lie, small ones together in a bucket.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <slimfit/memory/arena.hpp>
#include <slimfit/memory/resource.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>
#include <slimfit/pass/parameter.hpp>
#include <slimfit/plan/across_ranks.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

/// Holds its memory in category::gradients. On all ranks gradients come in the same order, which is that of a backward
/// pass, so that the same ones share a bucket.
/// @tparam Device a backend whose memory is the host's
template <class Device, scalar T, class Communicator>
class gradient_exchange {
 public:
  using sizes = exchange_sizes<T, typename Communicator::order_type>;
  using sum_type = typename sizes::sum_type;

  /// @throws memory_error, std::bad_alloc
  gradient_exchange(Device& device, Communicator const& ranks, index_t parameters)
      : device_(&device),
        ranks_(ranks),
        bucket_(device.memory(), sizes::bucket, category::gradients),
        scratch_(device.memory(), sizes::scratch, category::gradients),
        narrow_(device.memory(), sizes::narrow, category::gradients) {
    waiting_.reserve(static_cast<std::size_t>(parameters));
    device.fill_zero(bucket_.data(), bucket_.size());  // there are gaps between gradients
  }

  /// Gradients count by `share` from now on: the part of all samples that this rank has, where they are means.
  void set_share(double share) { share_ = static_cast<sum_type>(share); }
  /// Sums a gradient with those of the other ranks and calls `done(target, values, gradient)`, now or in a later call.
  /// The gradient is overwritten, or may go before that.
  template <class Done>
  void add(parameter<T> const& target, T* gradient, Done const& done) {
    index_t const count = target.count();
    if (count * static_cast<index_t>(sizeof(T)) >= sizes::small_bytes) {
      sum(gradient, count, done);
      done(target, gradient, gradient);
      return;
    }
    if (filled_ + count > bucket_.size()) { flush(done); }
    scale(gradient, count, share_, bucket_.data() + filled_);
    waiting_.push_back({target, gradient, filled_});
    filled_ += round_up(count, arena::alignment / static_cast<index_t>(sizeof(T)));
  }
  /// Sums a gradient, or a part of one, where it lies. @param done as in `add`, for those that wait
  template <class Done>
  void sum(T* gradient, index_t count, Done const& done) {
    if constexpr (sizes::narrows) {
      flush(done);
      for (index_t first = 0; first < count; first += bucket_.size()) {
        index_t const some = std::min(bucket_.size(), count - first);
        scale(gradient + first, some, share_, bucket_.data());
        sum_over_ranks(bucket_.data(), some);
        scale(bucket_.data(), some, sum_type{1}, gradient + first);
      }
    } else {
      if (share_ != sum_type{1}) { scale(gradient, count, share_, gradient); }
      sum_over_ranks(gradient, count);
    }
  }
  /// Sums those that wait. To be called when a backward pass is done.
  template <class Done>
  void flush(Done const& done) {
    if (waiting_.empty()) { return; }
    sum_over_ranks(bucket_.data(), filled_);
    for (auto const& [target, gradient, first] : waiting_) {
      if constexpr (sizes::narrows) {
        scale(bucket_.data() + first, target.count(), sum_type{1}, narrow_.data() + first);
        done(target, narrow_.data() + first, gradient);
      } else {
        done(target, bucket_.data() + first, gradient);
      }
    }
    forget();
  }
  /// Sums gradients that are kept, where they lie.
  void sum_kept(std::span<kept_gradient<T> const> gradients) {
    auto const bring_back = [this](parameter<T> const& target, T const* values, T* gradient) {
      if (values != gradient) { device_->copy(values, gradient, target.count()); }
    };
    for (auto const& [target, values] : gradients) { add(target, values, bring_back); }
    flush(bring_back);
  }
  /// After a pass that did not end: nothing waits.
  void forget() {
    waiting_.clear();
    filled_ = 0;
  }
  void add_to(byte_counts& held) const {
    bucket_.add_to(held);
    scratch_.add_to(held);
    narrow_.add_to(held);
  }

 private:
  using resource_type = typename Device::resource_type;
  struct waiting_gradient {
    parameter<T> target;
    T* gradient;    ///< where it was
    index_t first;  ///< element of the bucket
  };

  template <scalar From, scalar To>
  void scale(From const* from, index_t count, sum_type share, To* to) {
    device_->launch(divide_up(count, update_block), kernels::scale_gradient<From, To>{from, count, share, to});
  }
  void sum_over_ranks(sum_type* values, index_t count) {
    ranks_.sum(std::span(values, static_cast<std::size_t>(count)),
               std::span(scratch_.data(), static_cast<std::size_t>(scratch_.size())));
  }

  Device* device_;
  Communicator ranks_;
  buffer<sum_type, resource_type> bucket_;
  buffer<sum_type, resource_type> scratch_;
  buffer<T, resource_type> narrow_;  ///< sums as the optimizer reads them
  std::vector<waiting_gradient> waiting_;
  index_t filled_ = 0;
  sum_type share_{1};
};

/// Gradients are released to the optimizer when those of all ranks are summed.
template <class Optimizer, class Exchange>
struct exchanging_updates {
  static constexpr bool takes_parts = detail::takes_parts<typename Optimizer::options_type>;

  Optimizer& optimizer;
  Exchange& exchange;

  template <scalar T>
  void apply(parameter<T> const& target, T* gradient) {
    exchange.add(target, gradient, update());
  }
  template <scalar T>
  void apply_part(parameter<T> const& target, T* gradient, index_t first, index_t count) {
    if (count == target.count()) { return apply(target, gradient); }
    exchange.sum(gradient, count, update());
    optimizer.enqueue_part(target.position, target.data, gradient, target.count(), {first, count});
  }
  /// To be called when the backward pass is done.
  void finish() { exchange.flush(update()); }

 private:
  auto update() {
    return [this]<scalar T>(parameter<T> const& target, T const* values, T* /*gradient*/) {
      optimizer.enqueue(target.position, target.data, values, target.count());
    };
  }
};

}  // namespace slimfit
