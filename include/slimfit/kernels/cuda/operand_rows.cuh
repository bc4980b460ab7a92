// SPDX-License-Identifier: MIT
// Where tiles come from and go to: rows of a dense matrix, or of a coded stash, which is decoded on the way, so that it
// is nowhere dense in global memory.
#pragma once

#include <slimfit/format/bit_packing.hpp>
#include <slimfit/format/storage_format.hpp>
#include <slimfit/kernels/cuda/operand_tile.cuh>

namespace slimfit::kernels {

/// Threads of a block; each warp owns 16 rows of the block's result.
inline constexpr int attention_threads = 128;
/// Rows of the result that a block computes.
inline constexpr int attention_rows = attention_threads / 32 * 16;

/// Ends a group of this thread's copies: those that it started since the last one.
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until all but the newest `Pending` groups of copies are done; a barrier must follow.
template <int Pending>
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}
/// Begins to copy 16 bytes to shared memory.
__device__ inline void copy_chunk(void* target, void const* source) {
  asm volatile(
      "cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(target))),
      "l"(__cvta_generic_to_global(source))
      : "memory");
}
/// The same, or zeros.
__device__ inline void copy_chunk(void* target, void const* source, bool inside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                   static_cast<std::uint32_t>(__cvta_generic_to_shared(target))),
               "l"(__cvta_generic_to_global(source)), "r"(inside ? 16 : 0)
               : "memory");
}

/// Begins to copy 4 bytes to shared memory, or zeros.
__device__ inline void copy_word(float* target, float const* source, bool inside) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(
                   static_cast<std::uint32_t>(__cvta_generic_to_shared(target))),
               "l"(__cvta_generic_to_global(source)), "r"(inside ? 4 : 0)
               : "memory");
}

/// Rows of `stride` elements.
template <class T>
struct dense_rows {
  static constexpr bool copies_ahead = true;  ///< `load` returns before the rows have come
  T const* data;
  int stride;

  /// Begins to fill a tile with `count` rows from `row` on, then zeros; all threads of the block call it.
  template <int Rows, int HeadSize>
  __device__ void load(operand_tile<T, Rows, HeadSize> const& tile, index_t row, int column, int count) const {
    using tile_type = operand_tile<T, Rows, HeadSize>;
    T const* const first = data + row * stride + column;
    if constexpr (HeadSize % tile_type::run != 0) {
      load_elements(tile, first, count);
    } else if constexpr (HeadSize == tile_type::columns && attention_threads % tile_type::chunks == 0 &&
                         Rows * tile_type::chunks % attention_threads == 0) {
      load_columns(tile, first, count);
    } else {
#pragma unroll 4
      for (int i = static_cast<int>(threadIdx.x); i < Rows * tile_type::chunks; i += attention_threads) {
        int const r = i / tile_type::chunks;
        int const index = i % tile_type::chunks;
        bool const inside = r < count && index < HeadSize / tile_type::run;
        copy_chunk(tile.chunk(r, index), inside ? first + r * stride + index * tile_type::run : data, inside);
      }
    }
  }

  /// Goes through the rows from `first` to `first + end` tile by tile.
  template <int Rows, int HeadSize>
  struct passage {
    dense_rows from;
    index_t first;
    int column;
    int end;

    __device__ void start() {}
    /// Begins to fill a tile with the rows from number `next` on, that follow those of the call before.
    __device__ void load(operand_tile<T, Rows, HeadSize> const& tile, int next) {
      from.load(tile, first + next, column, lesser(Rows, end - next));
    }
  };

 private:
  /// Every thread copies the same chunk of each `at_once`-th row, so that addresses differ by constants.
  template <int Rows, int HeadSize>
  __device__ void load_columns(operand_tile<T, Rows, HeadSize> const& tile, T const* first, int count) const {
    using tile_type = operand_tile<T, Rows, HeadSize>;
    constexpr int at_once = attention_threads / tile_type::chunks;
    int const r = static_cast<int>(threadIdx.x) / tile_type::chunks;
    int const index = static_cast<int>(threadIdx.x) % tile_type::chunks;
    T const* const from = first + r * stride + index * tile_type::run;
    T* const to = tile.chunk(r, index);
    if (count >= Rows) {
#pragma unroll
      for (int i = 0; i < Rows; i += at_once) { copy_chunk(to + i * tile_type::stride, from + i * stride); }
    } else {
#pragma unroll
      for (int i = 0; i < Rows; i += at_once) {
        bool const inside = r + i < count;
        copy_chunk(to + i * tile_type::stride, inside ? from + i * stride : data, inside);
      }
    }
  }
  template <int Rows, int HeadSize>
  __device__ void load_elements(operand_tile<T, Rows, HeadSize> const& tile, T const* first, int count) const {
    using tile_type = operand_tile<T, Rows, HeadSize>;
    for (int i = static_cast<int>(threadIdx.x); i < Rows * tile_type::columns; i += attention_threads) {
      int const r = i / tile_type::columns;
      int const c = i % tile_type::columns;
      tile.data[r * tile_type::stride + c] = r < count && c < HeadSize ? first[r * stride + c] : T{};
    }
  }
};

/// Rows of codes of any format whose runs of 8 elements can be decoded alone.
template <class Format>
struct coded_rows;

/// Eight codes of a row and the scales that they need, in registers.
template <class Format>
struct coded_run {
  static constexpr int scale_numbers = [] {
    if constexpr (requires { Format::scale_group; }) {
      return static_cast<int>(Format::scale_count(Format::scale_group));
    } else {
      return 0;
    }
  }();
  static_assert(scale_numbers <= 2);
  std::uint64_t codes = 0;
  std::uint32_t scales = 0;  ///< one or two of bf16, as they lie in memory

  /// Reads the elements from number `place` of a row on.
  /// @tparam Row int where its bytes are few enough
  template <class Row>
  __device__ void read(coded_rows<Format> const& from, Row row, int place) {
    std::byte const* const source = from.codes + row * from.row_bytes + place / 8 * Format::bits;
    // As whole words: of bytes the compiler would put them together one by one, which waits for the load.
    if constexpr (Format::bits == 8) {
      codes = *reinterpret_cast<word<std::uint64_t> const*>(source);
    } else if constexpr (Format::bits == 4) {
      codes = *reinterpret_cast<word<std::uint32_t> const*>(source);
    } else {
      codes = format::detail::load_bytes<Format::bits>(source);
    }
    if constexpr (scale_numbers > 0) {
      using scale_word = word<std::conditional_t<scale_numbers == 2, std::uint32_t, std::uint16_t>>;
      scales = *reinterpret_cast<scale_word const*>(from.scales + row * from.row_scales +
                                                    place / Format::scale_group * scale_numbers);
    }
  }
  /// Decodes them into row `row` of a tile, or writes zeros.
  template <class T, int Rows, int HeadSize>
  __device__ void write(operand_tile<T, Rows, HeadSize> const& tile, int row, int element, bool exists) const {
    float values[8] = {};
    if (exists) { decode(values); }
    matrix_unit<T>::store_run(tile.data + row * operand_tile<T, Rows, HeadSize>::stride + element, values);
  }

 private:
  template <class Word>
  using word [[gnu::may_alias]] = Word;

  __device__ void decode(float (&values)[8]) const {
    bf16 const both[2] = {bit_cast<bf16>(static_cast<std::uint16_t>(scales)),
                          bit_cast<bf16>(static_cast<std::uint16_t>(scales >> 16U))};
    if constexpr (Format::bits == 8 && requires { Format::value_of(0.0F, both); }) {
      float numbers[2][4];
      math::numbers_of_bytes(static_cast<std::uint32_t>(codes), Format::code_sign, numbers[0]);
      math::numbers_of_bytes(static_cast<std::uint32_t>(codes >> 32U), Format::code_sign, numbers[1]);
#pragma unroll
      for (int j = 0; j < 8; ++j) { values[j] = Format::value_of(numbers[j / 4][j % 4], both); }
    } else {
      auto const decoded =
          Format::template decode<float, 8>(serial_group{}, reinterpret_cast<std::byte const*>(&codes), both);
#pragma unroll
      for (int j = 0; j < 8; ++j) { values[j] = decoded.values[j]; }
    }
  }
};

template <class Format>
struct coded_rows {
  static constexpr bool copies_ahead = false;
  std::byte const* codes;
  bf16 const* scales;
  int row_bytes;
  int row_scales;

  [[nodiscard]] __device__ coded_rows from(index_t row) const {
    return {codes + row * row_bytes, scales + row * row_scales, row_bytes, row_scales};
  }
  /// Fills a tile with `count` rows from `row` on, then zeros; all threads of the block call it.
  template <class T, int Rows, int HeadSize>
  __device__ void load(operand_tile<T, Rows, HeadSize> const& tile, index_t row, int column, int count) const {
    passage<Rows, HeadSize> rows{*this, row, column, count};
    rows.start();
    rows.load(tile, 0);
  }

  /// Goes through the rows from `first` to `first + end` tile by tile. The codes of a tile are read while the one
  /// before it is used.
  template <int Rows, int HeadSize>
  struct passage {
    static constexpr int runs = (HeadSize + 15) / 16 * 2;  ///< of 8 elements, in a row
    static constexpr int own = (Rows * runs + attention_threads - 1) / attention_threads;

    coded_rows from;
    index_t first;
    int column;
    int end;
    coded_run<Format> codes[own] = {};

    __device__ void start() { read(0); }
    template <class T>
    __device__ void load(operand_tile<T, Rows, HeadSize> const& tile, int next) {
#pragma unroll
      for (int i = 0; i < own; ++i) {
        auto const [row, element] = place(i);
        if (row < Rows) { codes[i].write(tile, row, element, holds(next + row, row, element)); }
      }
      read(next + Rows);
    }

   private:
    struct element_place {
      int row;
      int element;
    };
    static __device__ element_place place(int i) {
      int const index = static_cast<int>(threadIdx.x) + i * attention_threads;
      return {index / runs, index % runs * 8};
    }
    [[nodiscard]] __device__ bool holds(int number, int row, int element) const {
      return row < Rows && number < end && element < HeadSize;
    }
    __device__ void read(int next) {
#pragma unroll
      for (int i = 0; i < own; ++i) {
        auto const [row, element] = place(i);
        if (holds(next + row, row, element)) { codes[i].read(from, first + next + row, column + element); }
      }
    }
  };
};

/// Writes a warp's 16 rows of sums, times a factor for each of a lane's two rows, to rows of `stride` elements. They go
/// through the warp's own rows of `tile`, so that global memory is written 16 bytes at a time.
/// @param count rows that exist, of those from the warp's first on
template <class T, int Rows, int HeadSize, int Columns>
__device__ inline void store_rows(operand_tile<T, Rows, HeadSize> const& tile, int row, float const (&sums)[Columns][4],
                                  float const (&factors)[2], T* target, index_t stride, int count) {
  using tile_type = operand_tile<T, Rows, HeadSize>;
  int const lane = static_cast<int>(threadIdx.x) % 32;
  __syncwarp();
#pragma unroll
  for (int i = 0; i < Columns; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      matrix_unit<T>::store_pair(tile.data + (row + lane / 4 + half * 8) * tile_type::stride + i * 8 + lane % 4 * 2,
                                 sums[i][2 * half] * factors[half], sums[i][2 * half + 1] * factors[half]);
    }
  }
  __syncwarp();
  constexpr int width = HeadSize % tile_type::run == 0 ? tile_type::run : 1;
  constexpr int runs = HeadSize / width;
#pragma unroll 4
  for (int i = lane; i < 16 * runs; i += 32) {
    int const r = i / runs;
    int const c = i % runs * width;
    if (r >= count) { continue; }
    T const* const from = tile.data + (row + r) * tile_type::stride + c;
    T* const to = target + r * stride + c;
    if constexpr (width == 1) {
      *to = *from;
    } else {
      *reinterpret_cast<uint4*>(to) = *reinterpret_cast<uint4 const*>(from);
    }
  }
}

}  // namespace slimfit::kernels
