// SPDX-License-Identifier: MIT
// The ranks of an MPI job as a communicator.
#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <slimfit/communication/communicator.hpp>
#include <slimfit/communication/summation.hpp>
#include <slimfit/mpi/session.hpp>

namespace slimfit {

/// All ranks of a job that `mpirun` has started. Copies share one connection, which ends with the last of them. Only
/// one thread may call it.
/// @tparam Order of sums, see communication/summation.hpp
template <class Order = summation::library>
class mpi {
 public:
  using order_type = Order;
  static constexpr bool is_single = false;

  /// Begins MPI unless the program has; then it also ends it.
  /// @throws communication_error, value_error
  explicit mpi(mpi_options const& options = {})
      : session_(std::make_shared<detail::mpi_session>(options)), counted_(std::make_shared<traffic>()) {
    if constexpr (Order::shards > 0) {
      if (Order::shards % size() != 0) {
        throw value_error(mismatch("mpi: number of ranks", size(),
                                   "a divisor of the " + std::to_string(Order::shards) + " shards of fixed_tree"));
      }
    }
  }

  [[nodiscard]] int rank() const { return session_->rank(); }
  [[nodiscard]] int size() const { return session_->size(); }
  [[nodiscard]] traffic counted() const { return *counted_; }

  /// @throws communication_error
  template <class T>
  void sum(std::span<T> values, std::span<T> scratch) {
    constexpr std::size_t most = std::size_t{1} << 30U;  // counts are ints
    count_sum(values.size_bytes());
    if constexpr (Order::needs_scratch) { return sum_as_tree(values, scratch.first(std::min(scratch.size(), most))); }
    for (std::size_t first = 0; first < values.size(); first += most) {
      auto const part = values.subspan(first, std::min(most, values.size() - first));
      complete("sum numbers", [&](MPI_Request* request) {
        return MPI_Iallreduce(MPI_IN_PLACE, part.data(), static_cast<int>(part.size()), number_type<T>(), MPI_SUM,
                              session_->ranks(), request);
      });
    }
  }
  /// A sum that is under way.
  struct pending {
    MPI_Request request = MPI_REQUEST_NULL;
    std::byte* slice = nullptr;  ///< where the own slice belongs; null: there are no slices
    std::byte const* sums = nullptr;
    std::size_t bytes = 0;
  };
  /// Begins a sum, see `overlapping_communicator`. @throws communication_error
  template <class T>
  [[nodiscard]] pending begin_sum(std::span<T> values) requires(!Order::needs_scratch) {
    pending begun;
    count_sum(values.size_bytes());
    timed([&] {
      session_->check(MPI_Iallreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), number_type<T>(),
                                     MPI_SUM, session_->ranks(), &begun.request),
                      "sum numbers");
    });
    return begun;
  }
  /// The same to slices. @throws communication_error
  template <class T>
  [[nodiscard]] pending begin_scatter(std::span<T> values) requires(!Order::needs_scratch) {
    auto const each = values.size() / static_cast<std::size_t>(size());
    auto const bytes = std::as_writable_bytes(values);
    auto const width = each * sizeof(T);
    pending begun{
        .slice = bytes.data() + width * static_cast<std::size_t>(rank()), .sums = bytes.data(), .bytes = width};
    count_sum(values.size_bytes() / 2);
    timed([&] {
      session_->check(MPI_Ireduce_scatter_block(MPI_IN_PLACE, values.data(), static_cast<int>(each), number_type<T>(),
                                                MPI_SUM, session_->ranks(), &begun.request),
                      "sum numbers");
    });
    return begun;
  }
  /// @throws communication_error
  [[nodiscard]] bool is_done(pending& begun) {
    int done = 0;
    timed([&] { session_->check(MPI_Test(&begun.request, &done, MPI_STATUS_IGNORE), "sum numbers"); });
    return done != 0;
  }
  /// @throws communication_error
  void finish(pending& begun) {
    timed([&] { session_->wait(begun.request, "sum numbers"); });
    // MPI leaves the sums at the beginning.
    if (auto* const slice = std::exchange(begun.slice, nullptr); slice != nullptr && slice != begun.sums) {
      std::copy_n(begun.sums, begun.bytes, slice);
    }
  }
  void abandon(pending& begun) noexcept { session_->abandon(begun.request); }
  /// @throws communication_error
  void gather(std::span<std::byte const> mine, std::span<std::byte> all) {
    complete("hear of the others", [&](MPI_Request* request) {
      auto const count = static_cast<int>(mine.size());
      return MPI_Iallgather(mine.data(), count, MPI_BYTE, all.data(), count, MPI_BYTE, session_->ranks(), request);
    });
  }
  /// See `sharing_communicator`. @throws communication_error; value_error for 2 GiB and more
  void share(std::span<std::byte> all, std::size_t each) {
    if (all.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      raise_mismatch<value_error>("mpi: bytes of a parameter in slices", std::ssize(all), {"less than 2 GiB"});
    }
    std::vector<int> counts;
    std::vector<int> places;
    for (std::size_t r = 0; r < static_cast<std::size_t>(size()); ++r) {
      auto const first = std::min(all.size(), r * each);
      places.push_back(static_cast<int>(first));
      counts.push_back(static_cast<int>(std::min(each, all.size() - first)));
    }
    counted_->bytes += std::ssize(all) / 2;
    complete("share weights", [&](MPI_Request* request) {
      return MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, all.data(), counts.data(), places.data(), MPI_BYTE,
                             session_->ranks(), request);
    });
  }
  /// @throws communication_error
  void broadcast(std::span<std::byte> bytes, int root) {
    constexpr std::size_t most = std::size_t{1} << 30U;
    for (std::size_t first = 0; first < bytes.size(); first += most) {
      auto const part = bytes.subspan(first, std::min(most, bytes.size() - first));
      complete("hear of one", [&](MPI_Request* request) {
        return MPI_Ibcast(part.data(), static_cast<int>(part.size()), MPI_BYTE, root, session_->ranks(), request);
      });
    }
  }

 private:
  template <class T>
  static MPI_Datatype number_type() {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
    return std::is_same_v<T, float> ? MPI_FLOAT : MPI_DOUBLE;
  }
  /// Ranks swap what they have with those whose number differs in one bit, from the lowest on: all of them add the same
  /// two numbers at each height of the tree.
  template <class T>
  void sum_as_tree(std::span<T> values, std::span<T> scratch) {
    for (std::size_t first = 0; first < values.size(); first += scratch.size()) {
      auto const part = values.subspan(first, std::min(scratch.size(), values.size() - first));
      auto const count = static_cast<int>(part.size());
      for (int bit = 1; bit < size(); bit *= 2) {
        int const other = rank() ^ bit;
        MPI_Request sent = MPI_REQUEST_NULL;
        session_->check(MPI_Isend(part.data(), count, number_type<T>(), other, swaps, session_->ranks(), &sent),
                        "send");
        complete("swap sums", [&](MPI_Request* request) {
          return MPI_Irecv(scratch.data(), count, number_type<T>(), other, swaps, session_->ranks(), request);
        });
        session_->wait(sent, "swap sums");
        for (std::size_t i = 0; i < part.size(); ++i) { part[i] += scratch[i]; }
      }
    }
  }
  static constexpr int swaps = 3;  ///< tag of messages

  template <class Begin>
  void complete(char const* what, Begin const& begin) {
    timed([&] {
      MPI_Request request = MPI_REQUEST_NULL;
      session_->check(begin(&request), what);
      session_->wait(request, what);
    });
  }
  template <class Call>
  void timed(Call const& call) {
    auto const start = std::chrono::steady_clock::now();
    call();
    counted_->waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  void count_sum(std::size_t bytes) {
    ++counted_->sums;
    counted_->bytes += static_cast<index_t>(bytes);
  }

  std::shared_ptr<detail::mpi_session> session_;
  std::shared_ptr<traffic> counted_;
};

}  // namespace slimfit
