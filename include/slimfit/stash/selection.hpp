// SPDX-License-Identifier: MIT
// Which values of a row survive pruning: a fixed number, the largest in magnitude, ties to the lowest index. A
// bisection over the bits of the magnitude needs only counting, which vectorises and reduces over lanes; a sort or
// nth_element would do neither.
#pragma once

#include <cstring>
#include <limits>

#include <slimfit/core/bits.hpp>
#include <slimfit/format/scale_groups.hpp>

namespace slimfit::stash::detail {

/// Sum of `value` over the lanes below this one, in the aligned segment of `Lanes`.
template <int Lanes, lane_group Group>
SLIMFIT_HD inline std::int32_t sum_of_lanes_below(Group group, std::int32_t value) {
  if constexpr (Lanes == 1) {
    return 0;
  } else {
    constexpr int half = Lanes / 2;
    bool const upper = group.lane() % Lanes >= half;
    auto const lower_total = group.template reduce<Lanes>(upper ? std::int32_t{0} : value, plus{});
    return sum_of_lanes_below<half>(group, value) + (upper ? lower_total : 0);
  }
}

/// The order of the row's values in magnitude, NaN above all; -1 in slots beyond its end.
/// @param[out] keys one per slot of the lane
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline void magnitude_keys(Group group, tile<T, Width, Group> const& values,
                                      format::detail::key_type<T>* keys) {
  using tile_type = tile<T, Width, Group>;
  using key = format::detail::key_type<T>;
  int const lane = group.lane();
  SLIMFIT_SIMD()
  for (int slot = 0; slot < tile_type::padded_slots; ++slot) {
    bool const held = slot < tile_type::slots && tile_type::holds(lane, slot);
    keys[slot] = held ? format::detail::magnitude_key(values.values[slot]) : key{-1};
  }
}

/// Marks the values whose key is above `threshold`, and of those at it the first `room` in the order of the row.
/// @param[out] chosen one byte per slot of the lane: 1 or 0
template <class Tile, class Key, lane_group Group>
SLIMFIT_HD inline void choose_above(Group group, Key const* keys, Key threshold, std::int32_t room,
                                    std::uint8_t* chosen) {
  for (int run = 0; run < Tile::runs; ++run) {
    std::int32_t ties = 0;
    for (int i = 0; i < Group::run; ++i) { ties += keys[run * Group::run + i] == threshold ? 1 : 0; }
    std::int32_t mine = room - sum_of_lanes_below<Group::size>(group, ties);
    room -= group.template reduce<Group::size>(ties, plus{});
    for (int i = 0; i < Group::run; ++i) {
      int const slot = run * Group::run + i;
      bool const tie = keys[slot] == threshold;
      chosen[slot] = keys[slot] > threshold || (tie && mine > 0) ? 1 : 0;
      mine -= tie ? 1 : 0;
    }
  }
}

/// The largest key that at least `count` keys reach, or a smaller one that as many reach; and how many do.
template <class Key>
struct reached_key {
  Key key;
  std::int32_t count;
};
/// Most rows have it a few powers of two below their largest key: those are tried first, and one by one, then bits.
/// @param at_least how many keys of the row reach a bound
template <class T, std::size_t Slots, lane_group Group, class AtLeast>
SLIMFIT_HD inline auto threshold_key(Group group, format::detail::key_type<T> const (&keys)[Slots], std::int32_t count,
                                     AtLeast const& at_least) {
  using key = format::detail::key_type<T>;
  constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
  constexpr int tries = 4;
  key largest = 0;
  SLIMFIT_SIMD(reduction(max : largest))
  for (std::size_t slot = 0; slot < Slots; ++slot) { largest = keys[slot] > largest ? keys[slot] : largest; }
  largest = group.template reduce<Group::size>(largest, maximum{});
  reached_key<key> found{0, 0};
  int bit = static_cast<int>(sizeof(key)) * 8 - 2;
  auto const first = static_cast<int>(largest >> fraction_bits);
  for (int power = first; power > 0 && power > first - tries; --power) {
    key const candidate = static_cast<key>(power) << fraction_bits;
    std::int32_t const n = at_least(candidate);
    if (n >= count) {
      found = {candidate, n};
      bit = fraction_bits - 1;
      break;
    }
  }
  for (; bit >= 0 && found.count != count; --bit) {  // further bits would not change which keys are above
    key const candidate = found.key | (key{1} << bit);
    std::int32_t const n = at_least(candidate);
    if (n >= count) { found = {candidate, n}; }
  }
  return found.key == 0 ? reached_key<key>{0, at_least(0)} : found;
}

/// Marks the `count` values of the row that are largest in magnitude; NaN is larger than all.
/// @param[out] chosen one byte per slot of the lane: 1 or 0
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline void select_largest(Group group, tile<T, Width, Group> const& values, std::int32_t count,
                                      std::uint8_t* chosen) {
  using tile_type = tile<T, Width, Group>;
  using key = format::detail::key_type<T>;
  alignas(64) key keys[tile_type::padded_slots];
  magnitude_keys(group, values, keys);
  auto const at_least = [&](key bound) {
    std::int32_t n = 0;
    SLIMFIT_SIMD(reduction(+ : n))
    for (int slot = 0; slot < tile_type::padded_slots; ++slot) { n += keys[slot] >= bound ? 1 : 0; }
    return group.template reduce<Group::size>(n, plus{});
  };
  auto const [threshold, reached] = threshold_key<T>(group, keys, count, at_least);
  if (reached == count) {
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::padded_slots; ++slot) { chosen[slot] = keys[slot] >= threshold ? 1 : 0; }
    return;
  }
  choose_above<tile_type>(group, keys, threshold, count - at_least(threshold + 1), chosen);
}

/// Where in the row's list of survivors each run of the lane begins.
/// @param chosen as from `select_largest`
/// @param[out] begins one number per run of the lane
/// @return survivors of the row
template <class Tile, lane_group Group>
SLIMFIT_HD inline std::int32_t number_survivors(Group group, std::uint8_t const* chosen, std::int32_t* begins) {
  std::int32_t total = 0;
  for (int run = 0; run < Tile::runs; ++run) {
    std::int32_t n = 0;
    for (int i = 0; i < Group::run; ++i) { n += chosen[run * Group::run + i]; }
    begins[run] = total + sum_of_lanes_below<Group::size>(group, n);
    total += group.template reduce<Group::size>(n, plus{});
  }
  return total;
}

/// Calls `f(slot, position)` for each survivor of this lane; `position` counts the row's survivors.
template <class Tile, class F>
SLIMFIT_HD inline void for_each_survivor(std::uint8_t const* chosen, std::int32_t const* begins, F const& f) {
  constexpr int run_length = Tile::group_type::run;
  SLIMFIT_SIMD()
  for (int run = 0; run < Tile::runs; ++run) {
    std::int32_t position = begins[run];
    for (int slot = run * run_length; slot < (run + 1) * run_length; ++slot) {
      if (chosen[slot] != 0) { f(slot, position); }
      position += chosen[slot];
    }
  }
}

/// Calls `f(place, position)` for each bit that is set in `bytes` bytes: its place, and how many there were before. For
/// one lane: it takes a step per bit that is set, where `for_each_survivor` looks at all values.
template <class F>
SLIMFIT_HD inline void for_each_bit(std::byte const* bits, index_t bytes, F const& f) {
  int position = 0;
  for (index_t first = 0; first < bytes; first += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bits + first, static_cast<std::size_t>(bytes - first < 8 ? bytes - first : 8));
    for (; word != 0; word &= word - 1) { f(first * 8 + lowest_bit(word), position++); }
  }
}

}  // namespace slimfit::stash::detail
