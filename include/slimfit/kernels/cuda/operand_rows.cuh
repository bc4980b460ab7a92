// SPDX-License-Identifier: MIT
// Where tiles come from and go to: rows of a dense matrix, or of a coded stash, which is decoded on the way, so that it
// is nowhere dense in global memory.
#pragma once

#include <slimfit/kernels/cuda/operand_tile.cuh>
#include <slimfit/policy/format/format.hpp>

namespace slimfit::kernels {

/// Threads of a block; each warp owns 16 rows of the block's result.
inline constexpr int attention_threads = 128;
/// Rows of the result that a block computes.
inline constexpr int attention_rows = attention_threads / 32 * 16;

__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until all but the newest `Pending` groups of copies are done; a barrier must follow.
template <int Pending>
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
}
/// Begins to copy 16 bytes to shared memory, or zeros.
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
  index_t stride;

  /// Begins to fill a tile with `count` rows from `row` on, then zeros; all threads of the block call it.
  template <int Rows, int HeadSize>
  __device__ void load(operand_tile<T, Rows, HeadSize> const& tile, index_t row, int column, int count) const {
    using tile_type = operand_tile<T, Rows, HeadSize>;
    T const* const first = data + row * stride + column;
    if constexpr (HeadSize % tile_type::run == 0) {
#pragma unroll 4
      for (int i = static_cast<int>(threadIdx.x); i < Rows * tile_type::chunks; i += attention_threads) {
        int const r = i / tile_type::chunks;
        int const index = i % tile_type::chunks;
        bool const inside = r < count && index < HeadSize / tile_type::run;
        copy_chunk(tile.chunk(r, index), inside ? first + r * stride + index * tile_type::run : data, inside);
      }
    } else {
      for (int i = static_cast<int>(threadIdx.x); i < Rows * tile_type::columns; i += attention_threads) {
        int const r = i / tile_type::columns;
        int const c = i % tile_type::columns;
        tile.data[r * tile_type::stride + c] = r < count && c < HeadSize ? first[r * stride + c] : T{};
      }
    }
  }
};

/// Rows of codes of any format whose runs of 8 elements can be decoded alone.
template <class Format>
struct coded_rows {
  static constexpr bool copies_ahead = false;
  std::byte const* codes;
  bf16 const* scales;
  index_t row_bytes;
  index_t row_scales;

  template <class T, int Rows, int HeadSize>
  __device__ void load(operand_tile<T, Rows, HeadSize> const& tile, index_t row, int column, int count) const {
    constexpr int runs = operand_tile<T, Rows, HeadSize>::columns / 8;
#pragma unroll 2
    for (int i = static_cast<int>(threadIdx.x); i < Rows * runs; i += attention_threads) {
      int const r = i / runs;
      int const first = i % runs * 8;
      slimfit::tile<float, 8, serial_group> values{};
      if (r < count && first < HeadSize) { values = decode(row + r, column + first); }
      float plain[8];
#pragma unroll
      for (int j = 0; j < 8; ++j) { plain[j] = values.values[j]; }
      matrix_unit<T>::store_run(tile.data + r * operand_tile<T, Rows, HeadSize>::stride + first, plain);
    }
  }

 private:
  [[nodiscard]] __device__ slimfit::tile<float, 8, serial_group> decode(index_t row, int column) const {
    bf16 const* scale = nullptr;
    if constexpr (requires { Format::scale_group; }) {
      constexpr auto each = Format::scale_count(Format::scale_group);
      scale = scales + row * row_scales + column / Format::scale_group * each;
    }
    return Format::template decode<float, 8>(serial_group{}, codes + row * row_bytes + column / 8 * Format::bits,
                                             scale);
  }
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
