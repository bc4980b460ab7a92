// SPDX-License-Identifier: MIT
// The row sums D of attention's backward pass from a stored output: the sum of P * dP over keys is that of dO * O over
// a head's elements, so that keys and values need not be passed over for it (FlashAttention-2, section 3.1). Only where
// the probabilities and values of the backward pass are those of the forward pass.
#pragma once

#include <slimfit/kernels/cuda/attention_shape.cuh>

namespace slimfit::kernels {

/// Eight neighbouring lanes own a head of a row.
template <class T, int HeadSize>
__global__ void __launch_bounds__(attention_threads)
    attention_row_sums_kernel(T const* output, T const* output_gradient, compute_type<T>* row_sums,
                              attention_shape const shape, index_t const rows) {
  // Heads of a row are neighbours. There is an item for every token of the longest sequence.
  index_t const item = (static_cast<index_t>(blockIdx.x) * attention_threads + threadIdx.x) / 8;
  index_t const sequence = item / shape.heads / shape.tokens;
  index_t const token = item / shape.heads % shape.tokens;
  bool const exists = item < rows * shape.heads && token < shape.sequences.rows(sequence);
  index_t const first_row = exists ? shape.sequences.first(sequence) : 0;
  constexpr int run = HeadSize * sizeof(T) % 16 == 0 ? 16 / static_cast<int>(sizeof(T)) : 1;
  using value_type = compute_type<T>;
  value_type sum{};
  if (exists) {
    index_t const own = ((first_row + token) * shape.heads + item % shape.heads) * HeadSize;
    T const* const first = output + own;
    T const* const second = output_gradient + own;
#pragma unroll
    for (int i = static_cast<int>(threadIdx.x) % 8 * run; i < HeadSize; i += 8 * run) {
      auto const a = load_run<run>(first + i);
      auto const b = load_run<run>(second + i);
#pragma unroll
      for (int j = 0; j < run; ++j) {
        sum += static_cast<value_type>(a.values[j]) * static_cast<value_type>(b.values[j]);
      }
    }
  }
#pragma unroll
  for (int distance = 4; distance > 0; distance /= 2) { sum += __shfl_xor_sync(0xffffffffU, sum, distance); }
  if (threadIdx.x % 8 == 0 && exists) {
    row_sums[first_row * shape.heads + item % shape.heads * shape.sequences.rows(sequence) + token] = sum;
  }
}

}  // namespace slimfit::kernels
