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
/// `broadcast<Lanes>(value, from)`: the 4-byte value of lane `from` of the caller's segment of `Lanes` <= 32 lanes.
/// Groups of several lanes also have `from_neighbour(value)`: the 4-byte value of the neighbour, of lanes 2 i and 2 i +
/// 1, either of which may afterwards write where the other has read; and `scratch<T, Count>()`: memory that the lanes
/// share, aligned to 16 bytes and padded to a multiple of 4 elements. `sync()` orders what lanes write and read there.
template <class G>
concept lane_group = requires(G group, float value) {
  { G::size } -> std::convertible_to<int>;
  requires G::run == 4 || G::run == 8;
  { group.lane() } -> std::convertible_to<int>;
  { group.template reduce<1>(value, plus{}) } -> std::same_as<float>;
  { group.template broadcast<1>(value, 0) } -> std::same_as<float>;
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
  template <int Lanes, class T>
  SLIMFIT_HD static constexpr T broadcast(T value, int /*from*/) {
    static_assert(Lanes == 1);
    return value;
  }
};

/// Groups of several lanes that share a piece of work, e.g. the rows of a sum: a kernel that has
/// `static constexpr bool works_in_teams = true` is called by all groups of a team for the same piece, and takes every
/// `parts()`-th step of it from `part()` on. `sum_over_parts` adds a tile up over the team, in a fixed order; part 0
/// gets the result, which `share_over_parts` gives to the others. A group without these is a team of its own.
template <class G>
concept team_group = lane_group<G> && requires(G group) {
  { group.part() } -> std::convertible_to<int>;
  { G::parts() } -> std::convertible_to<int>;
};
/// The group's number in its team; 0 where it is a team of its own.
template <lane_group G>
SLIMFIT_HD constexpr int part_of_team(G group) {
  if constexpr (team_group<G>) {
    return group.part();
  } else {
    return 0;
  }
}
/// Groups of the group's team; 1 where it is a team of its own.
template <lane_group G>
SLIMFIT_HD constexpr int parts_of_team(G /*group*/) {
  if constexpr (team_group<G>) {
    return G::parts();
  } else {
    return 1;
  }
}
/// Adds `total` up over the group's team, for its first group; see `team_group`.
template <lane_group G, class Tile>
SLIMFIT_HD constexpr void sum_over_team(G group, Tile& total) {
  if constexpr (team_group<G>) { group.sum_over_parts(total); }
}
/// All parts get the tile of part 0.
template <lane_group G, class Tile>
SLIMFIT_HD constexpr void share_over_team(G group, Tile& values) {
  if constexpr (team_group<G>) { group.share_over_parts(values); }
}

}  // namespace slimfit
