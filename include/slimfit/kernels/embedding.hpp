// SPDX-License-Identifier: MIT
// Rows of tables by token id, and their gradients. A gradient row may get contributions from many tokens. Whoever owns
// the columns adds them in the order of the tokens, or whoever owns the row in another fixed order; so no atomics are
// needed and the result is the same bits with any number of threads.
#pragma once

#include <cstdint>

#include <slimfit/core/bits.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// Of every row, which row of each table it is the sum of.
struct token_ids {
  std::int32_t const* words;
  std::int32_t const* types;
  std::int32_t const* positions;
};

/// output[row] = words[word id] + types[type id] + positions[position].
template <int Width, scalar T>
struct embed_tokens {
  static constexpr int width = Width;
  using scalar_type = T;

  token_ids ids;
  T const* words;
  T const* types;
  T const* positions;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    store(group, output + row * Width,
          map([](auto a, auto b, auto c) { return a + b + c; }, load<Width>(group, words + at(ids.words, row)),
              load<Width>(group, types + at(ids.types, row)), load<Width>(group, positions + at(ids.positions, row))));
  }

 private:
  static SLIMFIT_HD index_t at(std::int32_t const* ids, index_t row) { return index_t{ids[row]} * Width; }
};

/// A block of columns of `count` rows of a table from row `first` on: table[id of row - first] += source[row] for all
/// rows in their order. Launch with `Width / columns` rows.
template <int Width, scalar T>
struct scatter_add_columns {
  static constexpr index_t rows_per_block = 1;
  static constexpr int columns = (Width & -Width) < 64 ? (Width & -Width) : 64;
  static constexpr int width = columns;
  using scalar_type = T;

  std::int32_t const* ids;
  T const* source;
  index_t rows;
  T* table;
  index_t first;
  index_t count;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    for (index_t row = 0; row < rows; ++row) {
      index_t const place = ids[row] - first;
      if (place < 0 || place >= count) { continue; }
      T* const target = table + place * Width + block * columns;
      store(group, target,
            map([](auto a, auto b) { return a + b; }, load<columns>(group, target),
                load<columns>(group, source + row * Width + block * columns)));
    }
  }
};

/// The same where thousands of groups run at once and one that goes through all rows would be late: a row of the table,
/// or some of its columns, belongs to a team, which looks for its id among all of them. Launch with
/// `count * (Width / Columns)` rows.
template <int Width, int Columns, scalar T>
struct gather_add_rows {
  static_assert(Width % Columns == 0);
  static constexpr int width = Columns;
  static constexpr bool works_in_teams = true;
  using scalar_type = T;

  std::int32_t const* ids;
  T const* source;
  index_t rows;
  T* table;
  index_t first;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t piece) const {
    constexpr index_t slices = Width / Columns;
    constexpr index_t lanes = Group::size;
    index_t const place = piece / slices;
    index_t const column = piece % slices * Columns;
    tile<compute_type<T>, Columns, Group> total{};
    for (index_t begin = part_of_team(group) * lanes; begin < rows; begin += parts_of_team(group) * lanes) {
      index_t const row = begin + group.lane();
      bool const mine = row < rows && ids[row] - first == place;
      // A bit for each lane that found one.
      auto found = group.template reduce<Group::size>(mine ? 1U << static_cast<unsigned>(group.lane()) : 0U, plus{});
      while (found != 0) {
        // Several at a time, so that their loads overlap.
        constexpr int at_once = 4;
        index_t next[at_once];
        for (index_t& each : next) {
          each = found != 0 ? begin + lowest_bit(found) : -1;
          found &= found - 1;
        }
        tile<compute_type<T>, Columns, Group> values[at_once] = {};
        for (int i = 0; i < at_once; ++i) {
          if (next[i] >= 0) { values[i] = load<Columns>(group, source + next[i] * Width + column); }
        }
        for (int i = 0; i < at_once; ++i) {
          total = map([](auto a, auto b) { return a + b; }, total, values[i]);
        }
      }
    }
    sum_over_team(group, total);
    if (part_of_team(group) != 0) { return; }
    T* const target = table + place * Width + column;
    store(group, target, map([](auto a, auto b) { return a + b; }, load<Columns>(group, target), total));
  }
};

}  // namespace slimfit::kernels
