// SPDX-License-Identifier: MIT
// Sums over a head's rows of the gradients of its queries and values, which are in registers when attention's backward
// pass has them: the biases' gradients then need no pass over memory. All sums have a fixed order.
#pragma once

#include <slimfit/kernels/cuda/attention_shape.cuh>
#include <slimfit/kernels/cuda/mma.cuh>

namespace slimfit::kernels {

/// Where the sums of every sequence go: `sequences x stride` of attention's shape. Null: nowhere.
struct column_sum_targets {
  float* query = nullptr;
  float* value = nullptr;
};

/// Adds up columns of fragments, of which each lane gives its own rows' part, over the lanes that hold the other rows.
/// Lanes exchange halves of their columns, until each has `Columns / 8`; of 4, two lanes have the same.
/// @return number of the first of `sums` that the lane has the total of, which lies in `sums[0]`
template <int Columns>
__device__ int add_over_rows(float (&sums)[Columns]) {
  static_assert(Columns == 4 || Columns == 8 || Columns == 16);
  int const lane = static_cast<int>(threadIdx.x) % 32;
  int number = 0;
  int left = Columns;
#pragma unroll
  for (int distance = 16; distance >= 4; distance /= 2) {
    bool const upper = lane / distance % 2 != 0;
    left = left / 2;
#pragma unroll
    for (int i = 0; i < left; ++i) {
      float const given = upper ? sums[i] : sums[left + i];
      sums[i] = (upper ? sums[left + i] : sums[i]) + __shfl_xor_sync(0xffffffffU, given, distance);
    }
    if (left > 0) {
      number += upper ? left : 0;
    } else {
      sums[0] += __shfl_xor_sync(0xffffffffU, sums[0], distance);
    }
  }
  return number;
}

/// Of one head, in shared memory.
template <int HeadSize>
struct head_column_sums {
  column_sum_targets const& to;
  float* queries;  ///< over the queries so far: `HeadSize`
  float* values;   ///< of the keys of every warp: `warps x HeadSize`

  /// Adds a block of 16 x 16 of the queries' gradient. Of the same columns it is the same warp each time.
  __device__ void add_queries(fragment<2> const& block, bool is_first, int column) const {
    if (to.query == nullptr) { return; }
    float sums[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) { sums[i] = of_lane(block, i); }
    int const at = column + column_of(add_over_rows(sums));
    int const lane = static_cast<int>(threadIdx.x) % 32;
    if (lane / 4 % 2 == 0 && at < HeadSize) { queries[at] = (is_first ? 0.0F : queries[at]) + sums[0]; }
  }
  /// Shares what a warp has of the values' gradient.
  template <int Tiles>
  __device__ void share_values(int warp, fragment<Tiles> const& gradient) const {
    if (to.value == nullptr) { return; }
    constexpr int padded = Tiles > 4 ? 16 : Tiles > 2 ? 8 : 4;
    float sums[padded];
#pragma unroll
    for (int i = 0; i < padded; ++i) { sums[i] = i < 2 * Tiles ? of_lane(gradient, i) : 0.0F; }
    int const number = add_over_rows(sums);
#pragma unroll
    for (int i = 0; i < greater(padded / 8, 1); ++i) {
      int const at = column_of(number + i);
      if (at < HeadSize) { values[warp * HeadSize + at] = sums[i]; }
    }
  }
  /// Writes both when all have been shared. Warps' parts are added in order.
  __device__ void write(head_block const& head, attention_shape const& shape, int warps) const {
    index_t const first = head.head / shape.heads * shape.stride + head.column;
    for (int column = static_cast<int>(threadIdx.x); column < HeadSize; column += static_cast<int>(blockDim.x)) {
      if (to.query != nullptr) { to.query[first + column] = head.exists() ? queries[column] * shape.scale : 0.0F; }
      if (to.value != nullptr) {
        float sum = 0;
        for (int i = 0; i < warps; ++i) { sum += values[i * HeadSize + column]; }
        to.value[first + column] = sum;
      }
    }
  }

 private:
  /// Sum of the lane's two rows in its column `i`.
  template <int Tiles>
  static __device__ float of_lane(fragment<Tiles> const& block, int i) {
    return block[i / 2 * 4 + i % 2] + block[i / 2 * 4 + i % 2 + 2];
  }
  /// Column of the fragment that is the lane's `i`-th.
  static __device__ int column_of(int i) { return i / 2 * 8 + static_cast<int>(threadIdx.x) % 4 * 2 + i % 2; }
};

}  // namespace slimfit::kernels
