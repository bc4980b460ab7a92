// SPDX-License-Identifier: MIT
// Sums over rows (gradients of biases and of layer normalisation's parameters) are made in two steps of fixed order:
// each block of a fixed number of rows gives a partial sum, and `sum_rows` adds the partial sums. So the result is the
// same bits with any number of threads.
#pragma once

#include <slimfit/core/matrix_product.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// Rows that one partial sum covers.
inline constexpr index_t rows_in_block = 64;

/// Partial sums over `rows` rows: launches of a kernel that works on blocks.
SLIMFIT_HD constexpr index_t row_block_count(index_t rows) { return divide_up(rows, rows_in_block); }
SLIMFIT_HD constexpr index_t row_block_begin(index_t block) { return block * rows_in_block; }
SLIMFIT_HD constexpr index_t row_block_end(index_t block, index_t rows) {
  index_t const end = (block + 1) * rows_in_block;
  return end < rows ? end : rows;
}

/// Columns that one group of `sum_rows` adds up.
inline constexpr int columns_in_slice = 64;
/// Launches of `sum_rows` for rows of `width` elements.
SLIMFIT_HD constexpr index_t slice_count(index_t width) { return divide_up(width, columns_in_slice); }

namespace detail {
template <class Tile>
SLIMFIT_HD_INLINE void add_to(Tile& total, Tile const& x) {
  SLIMFIT_SIMD()
  for (int slot = 0; slot < Tile::slots; ++slot) { total.values[slot] += x.values[slot]; }
}

/// Adds up the tiles that `read(row)` gives for the rows from `begin` to `end`, and has the first group of the team
/// `write` the total.
template <lane_group Group, class Read, class Write>
SLIMFIT_HD void sum_rows_of_team(Group group, index_t begin, index_t end, Read const& read, Write const& write) {
  decltype(read(begin)) total{};
  for (index_t row = begin + part_of_team(group); row < end; row += parts_of_team(group)) { add_to(total, read(row)); }
  sum_over_team(group, total);
  if (part_of_team(group) == 0) { write(total); }
}
}  // namespace detail

/// A slice of columns: `target = sum of the rows of source` (`count x Width`), or added to it. Launch with
/// `slice_count(Width)` rows.
template <int Width, scalar Source, scalar Target = Source>
struct sum_rows {
  static constexpr index_t rows_per_block = 1;
  static constexpr bool works_in_teams = true;
  static constexpr int width = columns_in_slice;
  using scalar_type = Source;

  Source const* source;
  index_t count;
  Target* target;
  update_mode mode = update_mode::overwrite;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t slice) const {
    index_t const first = slice * width;
    auto const columns = lesser<index_t>(width, Width - first);
    if (columns == width && Width % 16 == 0) {
      add(
          group, [first, group](auto const* row) { return load<width>(group, row + first); },
          [first, group, this](auto const& total) { store(group, target + first, total); });
    } else {
      add(
          group, [first, columns, group](auto const* row) { return load_first<width>(group, row + first, columns); },
          [first, columns, group, this](auto const& total) { store_first(group, target + first, total, columns); });
    }
  }

 private:
  template <lane_group Group, class Read, class Write>
  SLIMFIT_HD void add(Group group, Read const& read, Write const& write) const {
    detail::sum_rows_of_team(
        group, 0, count, [this, &read](index_t row) { return read(this->source + row * Width); },
        [this, &read, &write](auto& total) {
          if (this->mode == update_mode::accumulate) { detail::add_to(total, read(this->target)); }
          write(total);
        });
  }
};

/// A slice of the columns of a block of rows: their partial sums, of a `rows x Width` matrix (a bias's gradient).
/// Launch with `launches(rows)` rows, then `sum_rows`.
template <int Width, scalar T>
struct column_sums {
  static constexpr int width = Width % 256 == 0 ? 256 : Width % 128 == 0 ? 128 : columns_in_slice;
  static constexpr index_t slices = divide_up(Width, width);
  using scalar_type = T;
  static constexpr index_t rows_per_block = slices;
  static constexpr bool works_in_teams = true;
  T const* source;
  index_t rows;
  compute_type<T>* partials;  ///< `row_block_count(rows) x Width`

  static constexpr index_t launches(index_t rows) { return row_block_count(rows) * slices; }

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t piece) const {
    index_t const block = piece / slices;
    index_t const slice = piece % slices;
    if constexpr (Group::size > 1) {
      add<width>(group, block, slice * width);
    } else if (slice == 0) {  // of rows one after another, processors read ahead
      add<Width>(group, block, 0);
    }
  }

 private:
  template <int Columns, lane_group Group>
  SLIMFIT_HD void add(Group group, index_t block, index_t first) const {
    index_t const begin = row_block_begin(block);
    index_t const end = row_block_end(block, rows);
    auto const columns = lesser<index_t>(Columns, Width - first);
    T const* const from = source + first;
    compute_type<T>* const target = partials + block * Width + first;
    if (columns == Columns && (Columns == Width || Width % 16 == 0)) {
      detail::sum_rows_of_team(
          group, begin, end, [=](index_t row) { return load<Columns>(group, from + row * Width); },
          [=](auto const& total) { store(group, target, total); });
    } else {
      detail::sum_rows_of_team(
          group, begin, end, [=](index_t row) { return load_first<Columns>(group, from + row * Width, columns); },
          [=](auto const& total) { store_first(group, target, total, columns); });
    }
  }
};

}  // namespace slimfit::kernels
