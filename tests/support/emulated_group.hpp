// SPDX-License-Identifier: MIT
// A group of N real threads: kernels written over lanes run as they would on a GPU, and ThreadSanitizer sees races.
#pragma once

#include <array>
#include <barrier>
#include <cstring>
#include <thread>
#include <type_traits>
#include <vector>

#include <slimfit/rows/group.hpp>

namespace slimfit::test {

/// @tparam Run consecutive elements that a lane holds: 4 as on CUDA for float, 8 as there for bf16
template <int N, int Run = 4>
class emulated_group {
 public:
  static constexpr int size = N;
  static constexpr int run = Run;

  /// What the lanes of one group share.
  struct exchange {
    std::barrier<> barrier{N};
    std::array<std::array<std::byte, 16>, N> slots{};
    alignas(16) std::array<std::byte, 1 << 16> scratch{};
  };

  emulated_group(int lane, exchange& shared) : lane_(lane), shared_(&shared) {}
  [[nodiscard]] int lane() const { return lane_; }
  void sync() const { shared_->barrier.arrive_and_wait(); }

  template <int Lanes, class T, class Op>
  T reduce(T value, Op op) const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 16 && Lanes <= N);
    if constexpr (Lanes == 1) {
      return value;
    } else {
      std::memcpy(slot(lane_), &value, sizeof(T));
      sync();
      int const first = lane_ / Lanes * Lanes;
      T result{};
      std::memcpy(&result, slot(first), sizeof(T));
      for (int i = 1; i < Lanes; ++i) {
        T other{};
        std::memcpy(&other, slot(first + i), sizeof(T));
        result = op(result, other);
      }
      sync();  // nobody overwrites a slot that another lane still reads
      return result;
    }
  }

  template <int Lanes, class T>
  T broadcast(T value, int from) const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) == 4 && Lanes <= N && Lanes <= 32);
    std::memcpy(slot(lane_), &value, sizeof(T));
    sync();
    T result{};
    std::memcpy(&result, slot(lane_ / Lanes * Lanes + from), sizeof(T));
    sync();
    return result;
  }

  template <class T>
  T from_neighbour(T value) const {
    return broadcast<2>(value, 1 - lane_ % 2);
  }

  template <class T, int Count>
  [[nodiscard]] T* scratch() const {
    static_assert(Count * sizeof(T) <= sizeof(exchange::scratch));
    return reinterpret_cast<T*>(shared_->scratch.data());
  }

 private:
  [[nodiscard]] std::byte* slot(int lane) const { return shared_->slots[static_cast<std::size_t>(lane)].data(); }

  int lane_;
  exchange* shared_;
};

}  // namespace slimfit::test
