// SPDX-License-Identifier: MIT
// Sums over rows (gradients of biases and of layer normalisation's parameters) are made in two steps of fixed order:
// each block of a fixed number of rows gives a partial sum, and `sum_rows` adds the partial sums. So the result is the
// same bits with any number of threads.
#pragma once

#include <slimfit/backend/matrix_product.hpp>
#include <slimfit/kernels/tile.hpp>

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
    using tile_type = tile<compute_type<Source>, width, Group>;
    tile_type total{};
    auto const include = [&total](auto const& x) {
      SLIMFIT_SIMD()
      for (int slot = 0; slot < tile_type::slots; ++slot) { total.values[slot] += x.values[slot]; }
    };
    for (index_t row = part_of_team(group); row < count; row += parts_of_team(group)) {
      include(read(source + row * Width));
    }
    sum_over_team(group, total);
    if (part_of_team(group) != 0) { return; }
    if (mode == update_mode::accumulate) { include(read(target)); }
    write(total);
  }
};

/// A block of rows: the partial sum of each column of a `rows x Width` matrix (a bias's gradient).
/// Launch with `row_block_count(rows)` rows, then `sum_rows`.
template <int Width, scalar T>
struct column_sums {
  static constexpr int width = Width;
  using scalar_type = T;
  static constexpr index_t rows_per_block = 1;
  static constexpr bool works_in_teams = true;
  static constexpr int live_tiles = 3;  // the sums, and rows that compilers read ahead
  T const* source;
  index_t rows;
  compute_type<T>* partials;  ///< `row_block_count(rows) x Width`

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    using tile_type = tile<compute_type<T>, Width, Group>;
    tile_type total{};
    index_t const end = row_block_end(block, rows);
    for (index_t row = row_block_begin(block) + part_of_team(group); row < end; row += parts_of_team(group)) {
      auto const x = load<Width>(group, source + row * Width);
      SLIMFIT_SIMD()
      for (int slot = 0; slot < tile_type::slots; ++slot) { total.values[slot] += x.values[slot]; }
    }
    sum_over_team(group, total);
    if (part_of_team(group) == 0) { store(group, partials + block * Width, total); }
  }
};

}  // namespace slimfit::kernels
