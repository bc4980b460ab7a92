// SPDX-License-Identifier: MIT
// Some rows of one head's queries, keys, values or gradients in shared memory, and the fragments that are read from
// them. Rows lie an odd number of 16-byte chunks apart, so that eight rows at the same column are in different banks.
#pragma once

#include <slimfit/kernels/cuda/mma.cuh>

namespace slimfit::kernels {

/// Reads four matrices of 8 rows of 16 bytes: lane i gives the address of row i % 8 of matrix i / 8, and gets word
/// i % 4 of row i / 4 of each.
__device__ inline void load_matrices(std::uint32_t (&words)[4], std::uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}
/// The same, each matrix of 16-bit elements transposed.
__device__ inline void load_matrices_transposed(std::uint32_t (&words)[4], std::uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(address)
               : "memory");
}

/// @tparam Rows a multiple of 16
template <class T, int Rows, int HeadSize>
struct operand_tile {
  using unit = matrix_unit<T>;
  using left_fragment = typename unit::left_fragment;
  using right_fragment = typename unit::right_fragment;
  static constexpr int rows = Rows;
  static constexpr int head_size = HeadSize;
  static constexpr int run = 16 / static_cast<int>(sizeof(T));  ///< elements of a chunk
  static constexpr int columns = (HeadSize + 15) / 16 * 16;     ///< those beyond HeadSize are zero
  static constexpr int chunks = columns / run;
  static constexpr int stride = columns + run;
  static constexpr int steps = columns / unit::depth;
  static constexpr int bytes = Rows * stride * static_cast<int>(sizeof(T));

  T* data;

  [[nodiscard]] __device__ T* chunk(int row, int index) const { return data + row * stride + index * run; }

  /// Rows from `row` on as the left operand.
  [[nodiscard]] __device__ left_fragment left(int row, int step) const {
    std::uint32_t words[4];
    int const lane = static_cast<int>(threadIdx.x) % 32;
    load_matrices(words, address(row + lane % 16, 2 * step + lane / 16));
    return unit::left(words);
  }
  /// Rows `row` to `row + 15` as two right operands: the product is with their transpose.
  __device__ void right(right_fragment (&result)[2], int row, int step) const {
    std::uint32_t words[4];
    int const lane = static_cast<int>(threadIdx.x) % 32;
    load_matrices(words, address(row + lane % 8 + lane / 16 * 8, 2 * step + lane / 8 % 2));
    result[0] = unit::right(words[0], words[1]);
    result[1] = unit::right(words[2], words[3]);
  }
  /// Columns `column` to `column + 15` as two right operands, whose inner dimension are the tile's rows.
  __device__ void right_of_rows(right_fragment (&result)[2], int step, int column) const {
    int const lane = static_cast<int>(threadIdx.x) % 32;
    if constexpr (sizeof(T) == 2) {
      std::uint32_t words[4];
      load_matrices_transposed(words, address(step * unit::depth + lane % 16, column / run + lane / 16));
      result[0] = unit::right(words[0], words[1]);
      result[1] = unit::right(words[2], words[3]);
    } else {  // rows in the order in which sums are used as left operand
      T const* const first = data + (step * unit::depth + lane % 4 * 2) * stride + column + lane / 4;
      result[0] = unit::right(bit_cast<std::uint32_t>(first[0]), bit_cast<std::uint32_t>(first[stride]));
      result[1] = unit::right(bit_cast<std::uint32_t>(first[8]), bit_cast<std::uint32_t>(first[stride + 8]));
    }
  }

  /// Columns `column` to `column + 15` as the left operand's rows, whose inner dimension are the tile's rows.
  [[nodiscard]] __device__ left_fragment left_of_rows(int step, int column) const {
    static_assert(sizeof(T) == 2);
    int const lane = static_cast<int>(threadIdx.x) % 32;
    std::uint32_t words[4];
    int const row = step * unit::depth + lane % 8 + lane / 16 * 8;
    load_matrices_transposed(words, address(row, column / run + lane / 8 % 2));
    return unit::left(words);
  }
  /// Its rows from `row` on, as many as `Some`.
  template <int Some>
  [[nodiscard]] __device__ operand_tile<T, Some, HeadSize> from(int row) const {
    return {data + row * stride};
  }

 private:
  [[nodiscard]] __device__ std::uint32_t address(int row, int index) const {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(chunk(row, index)));
  }
};

/// A warp's rows of a tile as left operands.
/// @tparam Held whether they stay in registers, or are read from the tile each time
template <class Tile, bool Held = Tile::run == 8>
struct left_rows {
  using unit = typename Tile::unit;
  static constexpr int steps = Tile::steps;

  Tile tile;
  int row;
  typename Tile::left_fragment fragments[Held ? steps : 1];

  /// The tile must be there.
  __device__ left_rows(Tile const& from, int first) : tile(from), row(first) {
    if constexpr (Held) {
#pragma unroll
      for (int step = 0; step < steps; ++step) { fragments[step] = tile.left(row, step); }
    }
  }
  [[nodiscard]] __device__ typename Tile::left_fragment operator[](int step) const {
    if constexpr (Held) {
      return fragments[step];
    } else {
      return tile.left(row, step);
    }
  }
};

/// Several times 16 rows of a tile as left operands.
/// @tparam Held how many of the groups stay in registers; others are read from the tile each time
template <class Tile, int Groups, int Held>
struct left_groups {
  using unit = typename Tile::unit;
  static constexpr int steps = Tile::steps;

  Tile tile;
  int first;
  typename Tile::left_fragment fragments[Held > 0 ? Held : 1][steps];

  /// The tile must be there.
  __device__ void take(Tile const& from, int row) {
    tile = from;
    first = row;
#pragma unroll
    for (int i = 0; i < Held * steps; ++i) {
      fragments[i / steps][i % steps] = tile.left(first + i / steps * 16, i % steps);
    }
  }
  [[nodiscard]] __device__ typename Tile::left_fragment at(int group, int step) const {
    if (group < Held) { return fragments[group][step]; }
    return tile.left(first + group * 16, step);
  }
};

/// sums = `left` times the transpose of `right`: what is read of `right` serves every group of 16 rows.
template <int Groups, int Tiles, class LeftTile, int Held, class Right>
__device__ inline void multiply_rows(fragment<Tiles> (&sums)[Groups], left_groups<LeftTile, Groups, Held> const& left,
                                     Right const& right) {
  static_assert(Tiles * 8 == Right::rows);
#pragma unroll
  for (int group = 0; group < Groups; ++group) { sums[group] = {}; }
#pragma unroll
  for (int step = 0; step < LeftTile::steps; ++step) {
    typename Right::left_fragment a[Groups];
#pragma unroll
    for (int group = 0; group < Groups; ++group) { a[group] = left.at(group, step); }
#pragma unroll
    for (int tile = 0; tile < Tiles; tile += 2) {
      typename Right::right_fragment b[2];
      right.right(b, tile * 8, step);
#pragma unroll
      for (int i = 0; i < Groups * 2; ++i) {
        Right::unit::multiply(sums[i / 2].values[tile + i % 2], a[i / 2], b[i % 2]);
      }
    }
  }
}

/// sums += weights * right.
template <int Groups, int Tiles, int Columns, class Right>
__device__ inline void accumulate_rows(fragment<Columns> (&sums)[Groups], fragment<Tiles> const (&weights)[Groups],
                                       Right const& right) {
  using unit = typename Right::unit;
  static_assert(Tiles * 8 == Right::rows && Columns * 8 == Right::columns);
#pragma unroll
  for (int step = 0; step < Tiles * 8 / unit::depth; ++step) {
    typename Right::left_fragment a[Groups];
#pragma unroll
    for (int group = 0; group < Groups; ++group) { a[group] = unit::left_of_sums(weights[group].values, step); }
#pragma unroll
    for (int tile = 0; tile < Columns; tile += 2) {
      typename Right::right_fragment b[2];
      right.right_of_rows(b, step, tile * 8);
#pragma unroll
      for (int i = 0; i < Groups * 2; ++i) { unit::multiply(sums[i / 2].values[tile + i % 2], a[i / 2], b[i % 2]); }
    }
  }
}

/// sums = `left` times the transpose of `right`.
template <int Tiles, class Left, class Right>
__device__ inline void multiply_rows(float (&sums)[Tiles][4], Left const& left, Right const& right) {
  static_assert(Tiles * 8 == Right::rows);
#pragma unroll
  for (int tile = 0; tile < Tiles; ++tile) {
#pragma unroll
    for (int i = 0; i < 4; ++i) { sums[tile][i] = 0; }
  }
#pragma unroll
  for (int step = 0; step < Left::steps; ++step) {
    auto const a = left[step];
#pragma unroll
    for (int tile = 0; tile < Tiles; tile += 2) {
      typename Right::right_fragment b[2];
      right.right(b, tile * 8, step);
      Left::unit::multiply(sums[tile], a, b[0]);
      Left::unit::multiply(sums[tile + 1], a, b[1]);
    }
  }
}

/// sums += weights * right.
template <int Tiles, int Columns, class Right>
__device__ inline void accumulate_rows(float (&sums)[Columns][4], float const (&weights)[Tiles][4],
                                       Right const& right) {
  using unit = typename Right::unit;
  static_assert(Tiles * 8 == Right::rows && Columns * 8 == Right::columns);
#pragma unroll
  for (int step = 0; step < Tiles * 8 / unit::depth; ++step) {
    auto const a = unit::left_of_sums(weights, step);
#pragma unroll
    for (int tile = 0; tile < Columns; tile += 2) {
      typename Right::right_fragment b[2];
      right.right_of_rows(b, step, tile * 8);
      unit::multiply(sums[tile], a, b[0]);
      unit::multiply(sums[tile + 1], a, b[1]);
    }
  }
}

}  // namespace slimfit::kernels
