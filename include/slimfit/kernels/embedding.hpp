// SPDX-License-Identifier: MIT
// Rows of tables by token id, and their gradients. A gradient row may get contributions from many tokens; they are
// added in the order of the tokens, by whoever owns the columns, so no atomics are needed and the result is the same
// bits with any number of threads.
#pragma once

#include <cstdint>

#include <slimfit/kernels/tile.hpp>

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

}  // namespace slimfit::kernels
