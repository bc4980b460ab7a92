// SPDX-License-Identifier: MIT
// A tile is one row of compile-time width, spread over the lanes of a group in runs of consecutive elements.
#pragma once

#include <slimfit/core/scalar.hpp>
#include <slimfit/rows/element_run.hpp>
#include <slimfit/rows/group.hpp>

namespace slimfit {

/// Elements of a row held by one lane. Slots beyond the row's end hold zero.
template <class T, int Width, lane_group Group>
struct tile {
  static constexpr int width = Width;
  static constexpr int stride = Group::size * Group::run;     ///< elements between a lane's runs
  static constexpr int runs = (Width + stride - 1) / stride;  ///< runs per lane
  static constexpr bool whole = Width % stride == 0;          ///< no slot lies beyond the row's end
  static constexpr int slots = Group::size == 1 ? Width : runs * Group::run;
  static constexpr int padded_slots = runs * Group::run;
  using value_type = T;
  using group_type = Group;

  alignas(64) T values[static_cast<std::size_t>(padded_slots)];

  /// Element of the row that `slot` of lane `lane` holds.
  SLIMFIT_HD static constexpr int element(int lane, int slot) {
    if constexpr (Group::size == 1) { return slot; }
    return slot / Group::run * stride + lane * Group::run + slot % Group::run;
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
  SLIMFIT_SIMD()
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    result.values[slot] = f(first.values[slot], others.values[slot]...);
  }
  for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = result_type{}; }
  return result;
}

namespace detail {
/// Elements that one access of a lane covers: up to 16 bytes; 1 where rows of this width are not aligned.
template <int Width, class Stored, class Group>
inline constexpr int access_width = [] {
  constexpr int widest = lesser<int>(Group::run, 16 / static_cast<int>(sizeof(Stored)));
  return Group::size > 1 && Width % widest == 0 ? widest : 1;
}();
/// Whether a lane's run takes two accesses, of 32 bytes together: each then would touch half of every lane's sector, so
/// two lanes write first the sector of the one, then that of the other.
template <int Width, class Stored, class Group>
inline constexpr bool shares_sectors =
    sizeof(Stored) == 4 && Group::size > 1 && Group::run == 8 && Width % (2 * Group::run) == 0;
}  // namespace detail

/// Reads a row. Global memory is `Stored`, arithmetic is in `compute_type<Stored>`. Rows whose size is a multiple of 16
/// bytes must be aligned to 16 bytes on groups of several lanes.
template <int Width, scalar Stored, lane_group Group>
SLIMFIT_HD inline auto load(Group group, Stored const* row) {
  using value_type = compute_type<Stored>;
  using tile_type = tile<value_type, Width, Group>;
  constexpr int at_once = detail::access_width<Width, Stored, Group>;
  tile_type result;
  int const lane = group.lane();
  if constexpr (at_once > 1) {
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; slot += at_once) {
      bool const held = tile_type::holds(lane, slot);
      auto const values =
          held ? load_run<at_once>(row + tile_type::element(lane, slot)) : element_run<Stored, at_once>{};
      for (int i = 0; i < at_once; ++i) { result.values[slot + i] = static_cast<value_type>(values.values[i]); }
    }
  } else {
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      result.values[slot] =
          tile_type::holds(lane, slot) ? static_cast<value_type>(row[tile_type::element(lane, slot)]) : value_type{};
    }
  }
  for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = value_type{}; }
  return result;
}

/// Writes a row; aligned as for `load`.
template <scalar Stored, class T, int Width, lane_group Group>
SLIMFIT_HD inline void store(Group group, Stored* row, tile<T, Width, Group> const& source) {
  using tile_type = tile<T, Width, Group>;
  constexpr int at_once = detail::access_width<Width, Stored, Group>;
  int const lane = group.lane();
  if constexpr (detail::shares_sectors<Width, Stored, Group>) {
    int const odd = lane % 2;
    SLIMFIT_UNROLL
    for (int slot = 0; slot < tile_type::slots; slot += Group::run) {
      auto low = rounded_run<Stored, at_once>(source.values + slot);
      auto high = rounded_run<Stored, at_once>(source.values + slot + at_once);
      for (int i = 0; i < at_once; ++i) {
        Stored const other = group.from_neighbour(odd != 0 ? low.values[i] : high.values[i]);
        low.values[i] = odd != 0 ? other : low.values[i];
        high.values[i] = odd != 0 ? high.values[i] : other;
      }
      Stored* const target = row + tile_type::element(lane - odd, slot) + odd * at_once;
      if (tile_type::holds(lane, slot)) {
        store_global_run(target, low);
        store_global_run(target + Group::run, high);
      }
    }
  } else if constexpr (at_once > 1) {
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; slot += at_once) {
      auto const values = rounded_run<Stored, at_once>(source.values + slot);
      if (tile_type::holds(lane, slot)) { store_global_run(row + tile_type::element(lane, slot), values); }
    }
  } else {
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      if (tile_type::holds(lane, slot)) {
        row[tile_type::element(lane, slot)] = static_cast<Stored>(source.values[slot]);
      }
    }
  }
}

/// The first `count` elements of a row; the others are zero and not read.
template <int Width, scalar Stored, lane_group Group>
SLIMFIT_HD inline auto load_first(Group group, Stored const* row, index_t count) {
  using value_type = compute_type<Stored>;
  using tile_type = tile<value_type, Width, Group>;
  tile_type result{};
  int const lane = group.lane();
  SLIMFIT_SIMD()
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    int const element = tile_type::element(lane, slot);
    result.values[slot] = element < count ? static_cast<value_type>(row[element]) : value_type{};
  }
  return result;
}
/// Writes the first `count` elements of a tile to a row.
template <scalar Stored, class T, int Width, lane_group Group>
SLIMFIT_HD inline void store_first(Group group, Stored* row, tile<T, Width, Group> const& source, index_t count) {
  using tile_type = tile<T, Width, Group>;
  int const lane = group.lane();
  SLIMFIT_SIMD()
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    int const element = tile_type::element(lane, slot);
    if (element < count) { row[element] = static_cast<Stored>(source.values[slot]); }
  }
}

/// Sum over the row of `f(values...)`, the same on every lane. The order is fixed.
template <class F, class T, int Width, lane_group Group, class... Tiles>
SLIMFIT_HD inline T sum(Group group, F f, tile<T, Width, Group> const& first, Tiles const&... others) {
  using tile_type = tile<T, Width, Group>;
  int const lane = group.lane();
  T total{};
  SLIMFIT_SIMD(reduction(+ : total))
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    SLIMFIT_ANY_ORDER
    total += tile_type::holds(lane, slot) ? f(first.values[slot], others.values[slot]...) : T{};
  }
  return group.template reduce<Group::size>(total, plus{});
}

}  // namespace slimfit
