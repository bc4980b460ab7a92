// SPDX-License-Identifier: MIT
// Sums over rows (gradients of biases and of layer normalisation's parameters) are made in two steps of fixed order:
// each block of a fixed number of rows gives a partial sum, and `sum_rows` adds the partial sums. So the result is the
// same bits with any number of threads.
#pragma once

#include <slimfit/backend/device.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// Rows that one partial sum covers, unless the backend asks for others.
inline constexpr index_t rows_in_block = 64;

/// Rows cut into blocks of fixed size, the last of which may have fewer.
struct row_blocks {
  index_t rows = 0;
  index_t size = rows_in_block;

  /// Blocks, each of which gives a partial sum.
  [[nodiscard]] SLIMFIT_HD constexpr index_t count() const { return divide_up(rows, size); }
  [[nodiscard]] SLIMFIT_HD constexpr index_t begin(index_t block) const { return block * size; }
  [[nodiscard]] SLIMFIT_HD constexpr index_t end(index_t block) const { return lesser(rows, (block + 1) * size); }
};

namespace detail {
inline constexpr index_t rows_step = 16;  ///< sizes of blocks are multiples of it
/// Blocks of rows that keep a backend busy; 0: any number does.
template <class Device>
constexpr index_t busy_blocks(index_t slices) {
  constexpr index_t pieces = device_traits<Device>::busy_pieces;
  return pieces > 0 ? greater<index_t>(divide_up(pieces, slices), 64) : 0;
}
}  // namespace detail

/// The blocks for sums of `rows` rows. A backend that runs many groups at once gets as many pieces of work as it needs,
/// but not more: partial sums are traffic and memory.
/// @tparam Device a backend, or one that counts its memory
/// @param slices pieces of work that the columns of a block of rows are
template <class Device>
constexpr row_blocks blocks_for(index_t rows, index_t slices) {
  index_t const busy = detail::busy_blocks<Device>(slices);
  if (busy == 0) { return {rows}; }
  return {rows, round_up(greater<index_t>(divide_up(rows, busy), 1), detail::rows_step)};
}
/// Partial sums that there is memory for: those of `rows` rows, and of fewer, so that a plan for long sequences holds
/// for short ones.
template <class Device>
constexpr index_t most_blocks_for(index_t rows, index_t slices) {
  index_t const busy = detail::busy_blocks<Device>(slices);
  return busy == 0 ? row_blocks{rows}.count() : lesser(busy, divide_up(rows, detail::rows_step));
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

/// A slice of columns: `target = sum of the rows of source` (`count x columns`), or added to it. Launch with
/// `slice_count(columns)` rows.
template <scalar Source, scalar Target = Source>
struct sum_rows {
  static constexpr index_t rows_per_block = 1;
  static constexpr bool works_in_teams = true;
  static constexpr int width = columns_in_slice;
  using scalar_type = Source;

  Source const* source;
  index_t count;
  index_t columns;
  Target* target;
  update_mode mode = update_mode::overwrite;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t slice) const {
    index_t const first = slice * width;
    auto const own = lesser<index_t>(width, columns - first);
    if (own == width && columns % 16 == 0) {
      add(
          group, [first, group](auto const* row) { return load<width>(group, row + first); },
          [first, group, this](auto const& total) { store(group, target + first, total); });
    } else {
      add(
          group, [first, own, group](auto const* row) { return load_first<width>(group, row + first, own); },
          [first, own, group, this](auto const& total) { store_first(group, target + first, total, own); });
    }
  }

 private:
  template <lane_group Group, class Read, class Write>
  SLIMFIT_HD void add(Group group, Read const& read, Write const& write) const {
    detail::sum_rows_of_team(
        group, 0, count, [this, &read](index_t row) { return read(this->source + row * this->columns); },
        [this, &read, &write](auto& total) {
          if (this->mode == update_mode::accumulate) { detail::add_to(total, read(this->target)); }
          write(total);
        });
  }
};

/// A slice of the columns of a block of rows: their partial sums, of a `rows x Width` matrix (a bias's gradient).
/// Launch with `launches()` rows, then `sum_rows`.
template <int Width, scalar T>
struct column_sums {
  static constexpr int width = Width % 256 == 0 ? 256 : Width % 128 == 0 ? 128 : columns_in_slice;
  static constexpr index_t slices = divide_up(Width, width);
  using scalar_type = T;
  static constexpr index_t rows_per_block = slices;
  static constexpr bool works_in_teams = true;
  T const* source;
  row_blocks blocks;
  compute_type<T>* partials;  ///< `blocks.count() x Width`

  [[nodiscard]] constexpr index_t launches() const { return blocks.count() * slices; }

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
    index_t const begin = blocks.begin(block);
    index_t const end = blocks.end(block);
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
