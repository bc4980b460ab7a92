// SPDX-License-Identifier: MIT
// The ranks of NCCL as a communicator: what they send lies in the memory of their devices and is enqueued there.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <utility>

#include <slimfit/communication/communicator.hpp>
#include <slimfit/communication/summation.hpp>
#include <slimfit/nccl/session.hpp>
#include <slimfit/optim/kernels/gradient_sums.hpp>

namespace slimfit {

class cuda;

/// All ranks that `start` names, each a process with a device of its own. Copies share one connection, which ends with
/// the last of them. Numbers and bytes are those of the device's memory; calls enqueue on its stream, also while it
/// records, and `wait` is what waits for them.
/// @tparam Order  of sums, see communication/summation.hpp
/// @tparam Device the CUDA backend
template <class Order = summation::library, class Device = cuda>
class nccl {
 public:
  using order_type = Order;
  using device_type = Device;
  static constexpr bool is_single = false;

  /// Waits for all ranks to join. @param device must outlive this and its copies
  /// @throws communication_error, value_error, cuda_error
  nccl(Device& device, nccl_start const& start, nccl_options const& options = {})
      : device_(&device),
        session_(std::make_shared<detail::nccl_session>(start, options)),
        counted_(std::make_shared<traffic>()) {
    if constexpr (Order::shards > 0) {
      if (Order::shards % size() != 0) {
        raise_mismatch<value_error>("nccl: number of ranks", size(),
                                    {"a divisor of the ", Order::shards, " shards of fixed_tree"});
      }
    }
  }

  [[nodiscard]] int rank() const { return session_->rank(); }
  [[nodiscard]] int size() const { return session_->size(); }
  [[nodiscard]] traffic counted() const { return *counted_; }
  /// For work that was recorded and runs again. @param again what it sends
  void count(traffic const& again) { *counted_ = *counted_ + again; }

  /// @throws communication_error, cuda_error
  template <class T>
  void sum(std::span<T> values, std::span<T> scratch) {
    if (is_rehearsing()) { return add_nothing(values); }
    count_sum(values.size_bytes());
    if constexpr (Order::needs_scratch) { return sum_as_tree(values, scratch); }
    timed([&] {
      session_->complete(ncclAllReduce(values.data(), values.data(), values.size(), number_type<T>(), ncclSum,
                                       session_->ranks(), device_->stream()),
                         "sum numbers");
    });
  }
  /// A sum that is under way: the event behind it; null where nothing is.
  struct pending {
    cudaEvent_t done = nullptr;
  };
  /// Enqueues a sum on a stream beside the device's, see `overlapping_communicator`. @throws communication_error,
  /// cuda_error
  template <class T>
  [[nodiscard]] pending begin_sum(std::span<T> values) requires(!Order::needs_scratch) {
    if (is_rehearsing()) { return {}; }
    count_sum(values.size_bytes());
    return beside([&] {
      return ncclAllReduce(values.data(), values.data(), values.size(), number_type<T>(), ncclSum, session_->ranks(),
                           session_->stream());
    });
  }
  /// The same to slices. @throws communication_error, cuda_error
  template <class T>
  [[nodiscard]] pending begin_scatter(std::span<T> values) requires(!Order::needs_scratch) {
    if (is_rehearsing()) { return {}; }
    auto const each = values.size() / static_cast<std::size_t>(size());
    auto const own = values.subspan(each * static_cast<std::size_t>(rank()), each);
    count_sum(values.size_bytes() / 2);
    return beside([&] {
      return ncclReduceScatter(values.data(), own.data(), each, number_type<T>(), ncclSum, session_->ranks(),
                               session_->stream());
    });
  }
  /// The host knows it of nothing that is enqueued.
  [[nodiscard]] bool is_done(pending& /*begun*/) const { return false; }
  /// What is enqueued from now on comes after the sum. @throws cuda_error
  void finish(pending& begun) {
    if (begun.done != nullptr) { session_->join(std::exchange(begun.done, nullptr), device_->stream()); }
  }
  void abandon(pending& begun) noexcept {
    try {
      finish(begun);
    } catch (error const&) {
      // The device is gone, and with it its memory.
    }
  }
  /// @throws communication_error
  void gather(std::span<std::byte const> mine, std::span<std::byte> all) {
    if (is_rehearsing()) { return; }
    bool const in_words = mine.size() % 8 == 0;
    timed([&] {
      session_->complete(ncclAllGather(mine.data(), all.data(), in_words ? mine.size() / 8 : mine.size(),
                                       in_words ? ncclUint64 : ncclUint8, session_->ranks(), device_->stream()),
                         "hear of the others");
    });
  }
  /// See `sharing_communicator`. @throws communication_error
  void share(std::span<std::byte> all, std::size_t each) {
    if (is_rehearsing()) { return; }
    counted_->bytes += std::ssize(all) / 2;
    auto const ranks = static_cast<std::size_t>(size());
    if (all.size() == each * ranks) { return gather(all.subspan(each * static_cast<std::size_t>(rank()), each), all); }
    timed([&] {
      require(ncclGroupStart(), "share weights");
      for (std::size_t r = 0; r * each < all.size(); ++r) {
        auto const slice = all.subspan(r * each, std::min(each, all.size() - r * each));
        (void)ncclBroadcast(slice.data(), slice.data(), slice.size(), ncclUint8, static_cast<int>(r), session_->ranks(),
                            device_->stream());
      }
      session_->complete(ncclGroupEnd(), "share weights");  // which has what the calls before it found
    });
  }
  /// @throws communication_error
  void broadcast(std::span<std::byte> bytes, int root) {
    if (is_rehearsing()) { return; }
    timed([&] {
      session_->complete(ncclBroadcast(bytes.data(), bytes.data(), bytes.size(), ncclUint8, root, session_->ranks(),
                                       device_->stream()),
                         "hear of one");
    });
  }
  /// What is enqueued so far is what `wait` waits for. @throws cuda_error
  void mark() { session_->mark(device_->stream()); }
  /// Waits for what was enqueued before `mark`, and so for the other ranks' part of it.
  /// @throws communication_error when that takes longer than the time limit, or another rank has failed; cuda_error
  void wait() {
    timed([&] { session_->wait("wait for the others"); });
  }

 private:
  template <class T>
  static constexpr ncclDataType_t number_type() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    return std::is_same_v<T, float> ? ncclFloat32 : ncclFloat64;
  }
  void require(ncclResult_t result, char const* what) { session_->complete(result, what); }
  /// Enqueues a sum on the stream beside the device's.
  template <class Call>
  [[nodiscard]] pending beside(Call const& call) {
    pending begun;
    timed([&] {
      session_->fork(device_->stream());
      session_->complete(call(), "sum numbers");
      begun.done = session_->end_of_fork();
    });
    return begun;
  }
  [[nodiscard]] bool is_rehearsing() const { return device_->launcher().loads != nullptr; }
  /// Ranks swap what they have with those whose number differs in one bit, from the lowest on:
  /// all of them add the same two numbers at each height of the tree.
  template <class T>
  void sum_as_tree(std::span<T> values, std::span<T> scratch) {
    for (std::size_t first = 0; first < values.size(); first += scratch.size()) {
      auto const part = values.subspan(first, std::min(scratch.size(), values.size() - first));
      for (int bit = 1; bit < size(); bit *= 2) {
        timed([&] { swap(part, scratch.data(), rank() ^ bit); });
        add(scratch.data(), part);
      }
    }
  }
  template <class T>
  void swap(std::span<T> part, T* arrived, int other) {
    require(ncclGroupStart(), "swap sums");
    (void)ncclSend(part.data(), part.size(), number_type<T>(), other, session_->ranks(), device_->stream());
    (void)ncclRecv(arrived, part.size(), number_type<T>(), other, session_->ranks(), device_->stream());
    session_->complete(ncclGroupEnd(), "swap sums");  // which has what the calls before it found
  }
  template <class T>
  void add(T const* arrived, std::span<T> values) {
    auto const count = static_cast<index_t>(values.size());
    device_->launch(divide_up(count, update_block),
                    kernels::add_gradient<T>{arrived, count, T{1}, T{1}, values.data()});
  }
  /// A rehearsal loads the kernel that adds.
  template <class T>
  void add_nothing(std::span<T> values) {
    if constexpr (Order::needs_scratch) { add(static_cast<T const*>(values.data()), values); }
  }
  void count_sum(std::size_t bytes) {
    ++counted_->sums;
    counted_->bytes += static_cast<index_t>(bytes);
  }
  template <class Call>
  void timed(Call const& call) {
    auto const start = std::chrono::steady_clock::now();
    call();
    counted_->waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  Device* device_;
  std::shared_ptr<detail::nccl_session> session_;
  std::shared_ptr<traffic> counted_;
};

}  // namespace slimfit
