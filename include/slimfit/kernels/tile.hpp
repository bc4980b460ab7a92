// SPDX-License-Identifier: MIT
// A tile is one row of compile-time width, spread over the lanes of a group in runs of eight consecutive elements.
#pragma once

#include <slimfit/core/scalar.hpp>
#include <slimfit/kernels/group.hpp>

namespace slimfit {

/// Elements of a row held by one lane. Slots beyond the row's end hold zero.
template <class T, int Width, lane_group Group>
struct tile {
  static constexpr int width = Width;
  static constexpr int stride = Group::size * lane_run;       ///< elements between a lane's runs
  static constexpr int runs = (Width + stride - 1) / stride;  ///< runs per lane
  static constexpr bool whole = Width % stride == 0;          ///< no slot lies beyond the row's end
  static constexpr int slots = Group::size == 1 ? Width : runs * lane_run;
  static constexpr int padded_slots = runs * lane_run;
  using value_type = T;
  using group_type = Group;

  alignas(64) T values[padded_slots];

  /// Element of the row that `slot` of lane `lane` holds.
  SLIMFIT_HD static constexpr int element(int lane, int slot) {
    if constexpr (Group::size == 1) { return slot; }
    return slot / lane_run * stride + lane * lane_run + slot % lane_run;
  }
  /// Whether `slot` of `lane` lies in the row.
  SLIMFIT_HD static constexpr bool holds(int lane, int slot) {
    if constexpr (whole || Group::size == 1) { return true; }
    return element(lane, slot) < Width;
  }
};

/// `result[i] = f(tiles[i]...)`.
template <class F, class T, int Width, class Group, class... Tiles>
SLIMFIT_HD inline auto map(F f, tile<T, Width, Group> const& first, Tiles const&... others) {
  using result_type = decltype(f(first.values[0], others.values[0]...));
  using tile_type = tile<result_type, Width, Group>;
  tile_type result;
#pragma omp simd
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    result.values[slot] = f(first.values[slot], others.values[slot]...);
  }
  for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = result_type{}; }
  return result;
}

/// Reads a row. Global memory is `Stored`, arithmetic is in `compute_type<Stored>`.
template <int Width, scalar Stored, lane_group Group>
SLIMFIT_HD inline auto load(Group group, Stored const* row) {
  using value_type = compute_type<Stored>;
  using tile_type = tile<value_type, Width, Group>;
  tile_type result;
  int const lane = group.lane();
#pragma omp simd
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    result.values[slot] =
        tile_type::holds(lane, slot) ? static_cast<value_type>(row[tile_type::element(lane, slot)]) : value_type{};
  }
  for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = value_type{}; }
  return result;
}

/// Writes a row.
template <scalar Stored, class T, int Width, lane_group Group>
SLIMFIT_HD inline void store(Group group, Stored* row, tile<T, Width, Group> const& source) {
  using tile_type = tile<T, Width, Group>;
  int const lane = group.lane();
#pragma omp simd
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    if (tile_type::holds(lane, slot)) {
      row[tile_type::element(lane, slot)] = static_cast<Stored>(source.values[slot]);
    }
  }
}

/// Sum over the row of `f(values...)`, the same on every lane. The order is fixed.
template <class F, class T, int Width, lane_group Group, class... Tiles>
SLIMFIT_HD inline T sum(Group group, F f, tile<T, Width, Group> const& first, Tiles const&... others) {
  using tile_type = tile<T, Width, Group>;
  int const lane = group.lane();
  T total{};
#pragma omp simd reduction(+ : total)
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    total += tile_type::holds(lane, slot) ? f(first.values[slot], others.values[slot]...) : T{};
  }
  return group.template reduce<Group::size>(total, plus{});
}

}  // namespace slimfit
