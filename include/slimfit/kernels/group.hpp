// SPDX-License-Identifier: MIT
// A group of lanes owns one row. Kernels are written once over this concept; the host runs them with one lane, whose
// loops vectorise, CUDA with warps and blocks, tests with threads that a race detector can watch.
#pragma once

#include <concepts>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Operations that a reduction over lanes can use.
struct plus {
  template <class T>
  SLIMFIT_HD constexpr T operator()(T a, T b) const {
    return a + b;
  }
};
struct minimum {
  template <class T>
  SLIMFIT_HD constexpr T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct maximum {
  template <class T>
  SLIMFIT_HD constexpr T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

/// A lane's view of its group.
/// `size`: lanes, a power of two. `run`: consecutive elements of a row that a lane holds, 4 or 8; on CUDA those of one
/// access of 16 bytes. `lane()`: own number. `reduce<Lanes>(value, op)`: combines the values of the aligned
/// segment of `Lanes` lanes that the caller is in, in a fixed order, and returns the result to each of them.
/// Groups of several lanes also have `scratch<T, Count>()`: memory that the lanes share, aligned to 16 bytes and padded
/// to a multiple of 4 elements. `sync()` orders what lanes write and read there.
template <class G>
concept lane_group = requires(G group, float value) {
  { G::size } -> std::convertible_to<int>;
  requires G::run == 4 || G::run == 8;
  { group.lane() } -> std::convertible_to<int>;
  { group.template reduce<1>(value, plus{}) } -> std::same_as<float>;
  group.sync();
};

/// One lane: the host's group.
struct serial_group {
  static constexpr int size = 1;
  static constexpr int run = 8;
  [[nodiscard]] SLIMFIT_HD static constexpr int lane() { return 0; }
  SLIMFIT_HD static constexpr void sync() {}
  template <int Lanes, class T, class Op>
  SLIMFIT_HD static constexpr T reduce(T value, Op /*op*/) {
    static_assert(Lanes == 1);
    return value;
  }
};

}  // namespace slimfit
