// SPDX-License-Identifier: MIT
// Which values of a whole matrix survive pruning: a fixed number, the largest in magnitude, ties to the lowest index.
// A radix selection over the bits of the magnitudes, four at a time: blocks of rows count the values that reach each
// candidate, the sums over the blocks in fixed order decide, and once the threshold is known rows count what they keep.
// Every pass reads the source again, so there is no dense temporary, and only whole numbers are added: the result is
// the same whatever runs it.
#pragma once

#include <slimfit/stash/selection.hpp>

namespace slimfit::stash::detail {

inline constexpr int digit_bits = 4;
inline constexpr int digits = 1 << digit_bits;
/// Rows that one set of counts covers.
inline constexpr index_t rows_of_counts = 64;

/// What a selection computes with. Plain numbers in one array of `numbers(rows)`.
struct selection_workspace {
  index_t* threshold;  ///< key of the least survivor
  index_t* reaching;   ///< per block of rows and digit: values that reach the candidate
  index_t* above;      ///< per row: values above the threshold
  index_t* tied;       ///< per row: values at the threshold, then how many of them survive

  static constexpr index_t numbers(index_t rows) { return 1 + digits * divide_up(rows, rows_of_counts) + 2 * rows; }
  static constexpr selection_workspace in(index_t* memory, index_t rows) {
    index_t const counts = digits * divide_up(rows, rows_of_counts);
    return {memory, advance(memory, 1), advance(memory, 1 + counts), advance(memory, 1 + counts + rows)};
  }
};

/// Bits of the keys of `T` that vary.
template <class T>
inline constexpr int key_bits = static_cast<int>(sizeof(T)) * 8 - 1;
/// Digits that a pass tries: the highest has fewer bits.
template <class T>
SLIMFIT_HD constexpr int digits_at(int shift) {
  return shift + digit_bits > key_bits<T> ? 1 << (key_bits<T> - shift) : digits;
}

/// A block of rows: how many of its values reach the threshold so far with each digit at `shift` added.
/// @tparam Source has `width`, `scalar_type`, and gives its rows by `restore(group, row)`, the same bits every time
template <class Source>
struct count_reaching {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = Source::width;
  static constexpr int live_tiles = 4;
  using scalar_type = typename Source::scalar_type;
  using value_type = compute_type<scalar_type>;

  Source source;
  index_t rows;
  int shift;
  selection_workspace work;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    using tile_type = tile<value_type, width, Group>;
    using key = format::detail::key_type<value_type>;
    int const tried = digits_at<value_type>(shift);
    key candidates[digits];
    std::int32_t counts[digits];
    SLIMFIT_UNROLL
    for (int digit = 0; digit < digits; ++digit) {
      index_t const added = digit < tried ? index_t{digit} << shift : 0;
      candidates[digit] = static_cast<key>(*work.threshold + added);
      counts[digit] = 0;
    }
    index_t const end = lesser(rows, (block + 1) * rows_of_counts);
    for (index_t row = block * rows_of_counts; row < end; ++row) {
      alignas(64) key keys[tile_type::padded_slots];
      magnitude_keys(group, source.restore(group, row), keys);
      SLIMFIT_UNROLL
      for (int digit = 0; digit < digits; ++digit) {
        key const candidate = candidates[digit];
        std::int32_t n = 0;
        SLIMFIT_SIMD(reduction(+ : n))
        for (int slot = 0; slot < tile_type::padded_slots; ++slot) { n += keys[slot] >= candidate ? 1 : 0; }
        counts[digit] += n;
      }
    }
    SLIMFIT_UNROLL
    for (int digit = 0; digit < digits; ++digit) {
      auto const count = group.template reduce<Group::size>(counts[digit], plus{});
      if (group.lane() == 0) { work.reaching[block * digits + digit] = count; }
    }
  }
};

/// One launch: adds to the threshold the largest digit that at least `count` values reach.
template <class T>
struct raise_threshold {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;

  index_t blocks;
  index_t count;
  int shift;
  selection_workspace work;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    index_t best = 0;
    for (int digit = 1; digit < digits_at<T>(shift); ++digit) {
      index_t reaching = 0;
      for (index_t block = group.lane(); block < blocks; block += Group::size) {
        reaching += work.reaching[block * digits + digit];
      }
      reaching = group.template reduce<Group::size>(reaching, plus{});
      best = reaching >= count ? digit : best;
    }
    if (group.lane() == 0) { *work.threshold += best << shift; }
  }
};

/// One row: how many of its values are above the threshold, and how many at it.
template <class Source>
struct count_survivors {
  static constexpr int width = Source::width;
  using scalar_type = typename Source::scalar_type;
  using value_type = compute_type<scalar_type>;

  Source source;
  selection_workspace work;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    using tile_type = tile<value_type, width, Group>;
    using key = format::detail::key_type<value_type>;
    alignas(64) key keys[tile_type::padded_slots];
    magnitude_keys(group, source.restore(group, row), keys);
    auto const threshold = static_cast<key>(*work.threshold);
    std::int32_t above = 0;
    std::int32_t tied = 0;
    SLIMFIT_SIMD(reduction(+ : above, tied))
    for (int slot = 0; slot < tile_type::padded_slots; ++slot) {
      above += keys[slot] > threshold ? 1 : 0;
      tied += keys[slot] == threshold ? 1 : 0;
    }
    above = group.template reduce<Group::size>(above, plus{});
    tied = group.template reduce<Group::size>(tied, plus{});
    if (group.lane() == 0) {
      work.above[row] = above;
      work.tied[row] = tied;
    }
  }
};

/// One launch: where the survivors of each row begin, and how many values at the threshold it keeps, so that `count`
/// survive of all rows. Every lane works on consecutive rows.
struct place_survivors {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;

  index_t rows;
  index_t count;
  selection_workspace work;
  std::int32_t* begins;  ///< per row

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    index_t const share = divide_up(rows, Group::size);
    index_t const begin = lesser(rows, group.lane() * share);
    index_t const end = lesser(rows, begin + share);
    std::int32_t above = 0;
    std::int32_t tied = 0;
    for (index_t row = begin; row < end; ++row) {
      above += static_cast<std::int32_t>(work.above[row]);
      tied += static_cast<std::int32_t>(work.tied[row]);
    }
    index_t room = count - group.template reduce<Group::size>(above, plus{});
    std::int32_t const tied_below = sum_of_lanes_below<Group::size>(group, tied);
    index_t place = sum_of_lanes_below<Group::size>(group, above) + lesser<index_t>(tied_below, room);
    room = greater<index_t>(room - tied_below, 0);
    for (index_t row = begin; row < end; ++row) {
      begins[row] = static_cast<std::int32_t>(place);
      index_t const kept = lesser(room, work.tied[row]);
      work.tied[row] = kept;
      room -= kept;
      place += work.above[row] + kept;
    }
  }
};

/// One row: the bitmap of its survivors, and their values where they belong.
template <class Source>
struct write_survivors {
  static constexpr int width = Source::width;
  using scalar_type = typename Source::scalar_type;
  using value_type = compute_type<scalar_type>;

  Source source;
  selection_workspace work;
  index_t row_bytes;
  std::byte* bitmap;
  std::int32_t const* begins;
  scalar_type* values;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    using tile_type = tile<value_type, width, Group>;
    using key = format::detail::key_type<value_type>;
    auto const x = source.restore(group, row);
    alignas(64) key keys[tile_type::padded_slots];
    alignas(64) std::uint8_t chosen[tile_type::padded_slots];
    std::int32_t run_begins[tile_type::runs];
    magnitude_keys(group, x, keys);
    choose_above<tile_type>(group, keys, static_cast<key>(*work.threshold), static_cast<std::int32_t>(work.tied[row]),
                            chosen);
    format::pack_row<1, tile_type>(group, chosen, bitmap + row * row_bytes);
    number_survivors<tile_type>(group, chosen, run_begins);
    scalar_type* const target = values + begins[row];
    for_each_survivor<tile_type>(chosen, run_begins, [&](int slot, std::int32_t position) {
      target[position] = static_cast<scalar_type>(x.values[slot]);
    });
  }
};

}  // namespace slimfit::stash::detail
