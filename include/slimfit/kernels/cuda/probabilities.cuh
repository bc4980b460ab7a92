// SPDX-License-Identifier: MIT
// What attention kernels keep of probabilities, and how blocks of kept ones pass through shared memory: fragments hold
// pairs of columns of eight rows, global memory wants whole rows.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/core/scalar.hpp>
#include <slimfit/kernels/cuda/operand_rows.cuh>
#include <slimfit/rows/element_run.hpp>

namespace slimfit::kernels {

/// Nothing but the log-sum-exp of each row; null: not even that.
template <class Sum>
struct rebuilt_probabilities {
  static constexpr bool stored = false;
  static constexpr int element_bytes = 0;
  Sum* log_sums;
};

/// Every probability, `tokens` per row.
template <class T>
struct dense_probabilities {
  static constexpr bool stored = true;
  static constexpr int element_bytes = sizeof(T);
  using element = T;
  T* data;

  template <class Value>
  static __device__ T encode(Value probability) {
    return static_cast<T>(probability);
  }
  template <class Value>
  static __device__ Value decode(T value) {
    return static_cast<Value>(value);
  }
};

/// A code of one byte for each.
template <class Format>
struct coded_probabilities {
  static constexpr bool stored = true;
  static constexpr int element_bytes = 1;
  using element = std::uint8_t;
  std::uint8_t* data;

  template <class Value>
  static __device__ std::uint8_t encode(Value probability) {
    return Format::encode_value(probability);
  }
  template <class Value>
  static __device__ Value decode(std::uint8_t code) {
    return Format::template decode_value<Value>(code);
  }
};

/// Some kept probabilities of one head: rows are queries, columns are keys.
/// @tparam Gap elements between rows: 8 where fragments' rows are queries, 4 where their columns are; then no two lanes
///         read the same bank
template <class Kept, int Rows, int Columns, int Gap>
struct probability_tile {
  using element = typename Kept::element;
  static constexpr int stride = Columns + Gap;
  static constexpr int bytes = Rows * stride * static_cast<int>(sizeof(element));

  element* data;

  /// Fills the tile from row-major memory whose rows are `width` long; zeros beyond `rows` and `columns`. All threads
  /// of the block call it.
  __device__ void load(element const* source, index_t width, int rows, int columns) const {
    int const lane = static_cast<int>(threadIdx.x) % 32;
    constexpr int at_once = Rows > 32 ? 8 : 4;  // loads, as far as registers go
#pragma unroll at_once
    for (int i = 0; i < Rows / (attention_threads / 32); ++i) {
      int const r = static_cast<int>(threadIdx.x) / 32 + i * (attention_threads / 32);
#pragma unroll
      for (int c = lane; c < Columns; c += 32) {
        data[r * stride + c] = r < rows && c < columns ? source[r * width + c] : element{};
      }
    }
  }
  /// Writes a warp's 16 rows, from `row` on, to memory; `rows` and `columns` of them exist.
  __device__ void store(int row, element* target, index_t width, int rows, int columns) const {
    int const lane = static_cast<int>(threadIdx.x) % 32;
    __syncwarp();
    for (int r = 0; r < lesser(rows, 16); ++r) {
#pragma unroll
      for (int c = lane; c < Columns; c += 32) {
        if (c < columns) { target[r * width + c] = data[(row + r) * stride + c]; }
      }
    }
    __syncwarp();
  }

  /// The probabilities that a lane's fragment holds, rows from `row` on.
  template <int Tiles>
  __device__ void read(float (&values)[Tiles][4], int row) const {
    int const lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int tile = 0; tile < Tiles; ++tile) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        auto const pair = load_run<2>(data + (row + lane / 4 + half * 8) * stride + tile * 8 + lane % 4 * 2);
        values[tile][2 * half] = Kept::template decode<float>(pair.values[0]);
        values[tile][2 * half + 1] = Kept::template decode<float>(pair.values[1]);
      }
    }
  }
  /// The same where the fragment's rows are keys, from `column` on.
  template <int Tiles>
  __device__ void read_transposed(float (&values)[Tiles][4], int column) const {
    int const lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int tile = 0; tile < Tiles; ++tile) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        values[tile][i] = Kept::template decode<float>(
            data[(tile * 8 + lane % 4 * 2 + i % 2) * stride + column + lane / 4 + i / 2 * 8]);
      }
    }
  }
  template <int Tiles>
  __device__ void write(float const (&values)[Tiles][4], int row) const {
    int const lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int tile = 0; tile < Tiles; ++tile) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        element_run<element, 2> const pair{
            {Kept::encode(values[tile][2 * half]), Kept::encode(values[tile][2 * half + 1])}};
        store_run(data + (row + lane / 4 + half * 8) * stride + tile * 8 + lane % 4 * 2, pair);
      }
    }
  }
};

}  // namespace slimfit::kernels
