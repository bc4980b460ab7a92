// SPDX-License-Identifier: MIT
// All rows of a head in shared memory, as many as a sequence has, and the rows that pass by beside them: for kernels
// whose blocks compute a whole head and have as many warps as its length asks for.
#pragma once

#include <slimfit/kernels/cuda/operand_rows.cuh>

namespace slimfit::kernels {

/// Rows of a head from a first one on: where they lie in a matrix.
struct head_place {
  index_t row;
  int column;
};

/// Threads that share some work.
struct workers {
  int own;
  int count;

  static __device__ workers of_block() { return {static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x)}; }
  /// The warp's number as the compiler knows to be the same in all its lanes.
  static __device__ int warp() { return __shfl_sync(0xffffffffU, static_cast<int>(threadIdx.x) / 32, 0); }
  static __device__ workers of_warp() { return {static_cast<int>(threadIdx.x) % 32, 32}; }
};

/// Begins to fill `padded` rows, from the tile's first on, with `count` rows, then zeros.
template <class T, int Rows, int HeadSize>
__device__ inline void load_head_rows(operand_tile<T, Rows, HeadSize> const& tile, dense_rows<T> const& from,
                                      head_place const& place, int count, int padded,
                                      workers const& threads = workers::of_block()) {
  using tile_type = operand_tile<T, Rows, HeadSize>;
  constexpr int chunks = tile_type::chunks;
  T const* const first = from.data + place.row * from.stride + place.column;
  if constexpr (32 % chunks == 0) {  // a thread copies the same chunk of every so many rows
    int const step = threads.count / chunks;
    int const element = threads.own % chunks * tile_type::run;
    T* to = tile.data + threads.own / chunks * tile_type::stride + element;
    T const* source = first + threads.own / chunks * from.stride + element;
#pragma unroll 4
    for (int r = threads.own / chunks; r < padded; r += step) {
      bool const inside = r < count && element < HeadSize;
      copy_chunk(to, inside ? source : from.data, inside);
      to += step * tile_type::stride;
      source += step * from.stride;
    }
  } else {
    for (int i = threads.own; i < padded * chunks; i += threads.count) {
      int const r = i / chunks;
      int const index = i % chunks;
      bool const inside = r < count && index < HeadSize / tile_type::run;
      copy_chunk(tile.chunk(r, index), inside ? first + r * from.stride + index * tile_type::run : from.data, inside);
    }
  }
}

/// The same from codes, which are decoded on the way.
template <class T, int Rows, int HeadSize, class Format>
__device__ inline void load_head_rows(operand_tile<T, Rows, HeadSize> const& tile, coded_rows<Format> const& from,
                                      head_place const& place, int count, int padded,
                                      workers const& threads = workers::of_block()) {
  constexpr int runs = operand_tile<T, Rows, HeadSize>::columns / 8;
  constexpr int at_once = 4;  // loads of a thread before it uses the first
  for (int next = threads.own; next < padded * runs; next += at_once * threads.count) {
    coded_run<Format> codes[at_once];
    auto const exists = [&](int i) { return i / runs < count && i % runs * 8 < HeadSize; };
#pragma unroll
    for (int i = 0; i < at_once; ++i) {
      int const run = next + i * threads.count;
      if (exists(run)) { codes[i].read(from, place.row + run / runs, place.column + run % runs * 8); }
    }
#pragma unroll
    for (int i = 0; i < at_once; ++i) {
      int const run = next + i * threads.count;
      if (run < padded * runs) { codes[i].write(tile, run / runs, run % runs * 8, exists(run)); }
    }
  }
}

/// Rows of a head that pass by tile by tile, with any number of threads: those of the next tile come while one is used.
template <class Operand, class T, int Rows, int HeadSize>
struct passing_rows;

template <class T, int Rows, int HeadSize>
struct passing_rows<dense_rows<T>, T, Rows, HeadSize> {
  using tile_type = operand_tile<T, Rows, HeadSize>;
  static constexpr int chunks = tile_type::chunks;
  dense_rows<T> from;
  head_place place;
  int count;

  /// Before the first tile.
  __device__ void announce() const {}
  /// Begins to fill a tile with rows from number `first` on.
  __device__ void begin(tile_type const& tile, int first) const {
    int const element = static_cast<int>(threadIdx.x) % chunks * tile_type::run;
    T const* const rows = from.data + (place.row * from.stride + place.column);  // the same for all threads
    for (int r = static_cast<int>(threadIdx.x) / chunks; r < Rows; r += static_cast<int>(blockDim.x) / chunks) {
      bool const inside = first + r < count && element < HeadSize;
      copy_chunk(tile.data + r * tile_type::stride + element,
                 inside ? rows + ((first + r) * from.stride + element) : from.data, inside);
    }
  }
  /// What must be done before the tile can be used, beside waiting for copies and for all threads.
  __device__ void finish(tile_type const& /*tile*/, int /*first*/) const {}
};

template <class Format, class T, int Rows, int HeadSize>
struct passing_rows<coded_rows<Format>, T, Rows, HeadSize> {
  using tile_type = operand_tile<T, Rows, HeadSize>;
  static constexpr int runs = tile_type::columns / 8;
  coded_rows<Format> from;
  head_place place;
  int count;

  /// Asks for all codes, which wait in the cache: registers are few.
  __device__ void announce() const {
    auto const rows = from.from(place.row);
    constexpr int line = 32;  // bytes
    constexpr int lines = (HeadSize / 8 * Format::bits + line - 1) / line;
    for (int i = static_cast<int>(threadIdx.x); i < count * lines; i += static_cast<int>(blockDim.x)) {
      auto const* const source =
          rows.codes + i / lines * rows.row_bytes + element(0) / 8 * Format::bits + i % lines * line;
      asm volatile("prefetch.global.L1 [%0];" ::"l"(__cvta_generic_to_global(source)));
    }
  }
  __device__ void begin(tile_type const& /*tile*/, int /*first*/) const {}
  __device__ void finish(tile_type const& tile, int first) const {
    auto const rows = from.from(place.row);
    for (int i = static_cast<int>(threadIdx.x); i < Rows * runs; i += static_cast<int>(blockDim.x)) {
      coded_run<Format> codes;
      if (exists(first, i)) { codes.read(rows, first + i / runs, element(i)); }
      codes.write(tile, i / runs, i % runs * 8, exists(first, i));
    }
  }

 private:
  [[nodiscard]] __device__ bool exists(int first, int i) const {
    return i < Rows * runs && first + i / runs < count && i % runs * 8 < HeadSize;
  }
  /// Of a row, that run `i` begins with.
  [[nodiscard]] __device__ int element(int i) const { return place.column + i % runs * 8; }
};

}  // namespace slimfit::kernels
