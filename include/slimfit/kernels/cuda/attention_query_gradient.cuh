// SPDX-License-Identifier: MIT
// Attention's backward pass for queries: a block of threads owns 64 queries of a head and passes twice over the keys
// and values, first for the row sums D, which the kernel for keys and values reads too.
#pragma once

#include <slimfit/kernels/cuda/attention_backward.cuh>

namespace slimfit::kernels {

/// @tparam HasRowSums whether `row_sums` is already known: then keys and values are passed over once
template <class T, int HeadSize, class Operand, class Kept, bool Drops, bool HasRowSums>
__global__ void __launch_bounds__(attention_threads, blocks_at_once<HeadSize, 3>)
    attention_query_gradient_kernel(attention_backward_arguments<T, Operand, Kept> const in,
                                    attention_shape const shape) {
  using layout = attention_backward_layout<T, HeadSize, Operand, Kept>;
  constexpr int keys = layout::passing;
  constexpr int columns = layout::own_tile::columns / 8;
  auto const part = block_of_head(shape, HeadSize);
  if (!part.exists()) { return; }
  int const warp_row = static_cast<int>(threadIdx.x) / 32 * 16;
  int const lane_row = part.first + warp_row + static_cast<int>(threadIdx.x) % 32 / 4;
  int const rows = lesser(attention_rows, part.tokens - part.first);
  std::byte* memory = shared_bytes();
  typename layout::own_tile const query{reinterpret_cast<T*>(memory)};
  typename layout::own_tile const upstream{reinterpret_cast<T*>(memory += layout::own_tile::bytes)};
  std::byte* const key_tiles = memory += layout::own_tile::bytes;
  std::byte* const value_tiles = memory += layout::passing_bytes;
  memory += layout::passing_bytes;

  using passage = typename Operand::template passage<keys, HeadSize>;
  passage key_rows{in.key, part.first_row, part.column, part.keys};
  passage value_rows{in.value, part.first_row, part.column, part.keys};
  if constexpr (!Kept::stored || HasRowSums) { key_rows.start(); }
  value_rows.start();
  in.query.load(query, part.first_row + part.first, part.column, rows);
  in.upstream.load(upstream, part.first_row + part.first, part.column, rows);
  commit_copies();
  index_t const head_row = part.first_score;
  float log_sums[2] = {};  // in units of log 2
  float row_sums[2] = {};
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int const row = lane_row + half * 8;
    if (row >= part.tokens) { continue; }
    if constexpr (!Kept::stored) { log_sums[half] = in.kept.log_sums[head_row + row] * log2_e; }
    if constexpr (HasRowSums) { row_sums[half] = in.row_sums[head_row + row]; }
  }

  float const factor = shape.scale * log2_e;
  float probabilities[keys / 8][4];
  float gradients[keys / 8][4];  // of the probabilities
  auto const load = [&](int first, bool needs_key) {
    if (first < part.keys) {
      if (!Kept::stored || needs_key) { key_rows.load(layout::stage(key_tiles, first), first); }
      value_rows.load(layout::stage(value_tiles, first), first);
    }
    commit_copies();
  };
  constexpr int ahead = layout::stages - 1;
  if constexpr (ahead > 0) { load(0, HasRowSums); }
  wait_for_copies<0>();
  __syncthreads();
  bool const works = warp_row < rows;
  left_rows const own_query(query, warp_row);
  left_rows const own_upstream(upstream, warp_row);
  /// Both for keys from `first` on.
  auto const compute = [&](int first, bool needs_key) {
    load(first + ahead * keys, needs_key);
    int const count = lesser(keys, part.keys - first);
    auto const key = layout::stage(key_tiles, first);
    auto const value = layout::stage(value_tiles, first);
    if constexpr (Kept::stored) {
      probability_tile<Kept, attention_rows, keys, 8> const staged{reinterpret_cast<typename Kept::element*>(memory)};
      staged.load(in.kept.data + (head_row + part.first) * shape.tokens + first, shape.tokens, rows, count);
      wait_for_copies<ahead>();
      __syncthreads();
      if (!works) { return; }
      staged.read(probabilities, warp_row);
    } else {
      wait_for_copies<ahead>();
      __syncthreads();
      if (!works) { return; }
      multiply_rows(probabilities, own_query, key);
      int const column = static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
      for (int i = 0; i < keys / 8 * 4; ++i) {
        float& each = probabilities[i / 4][i % 4];
        each = i / 4 * 8 + column + i % 2 < count ? exp2_fast(each * factor - log_sums[i % 4 / 2]) : 0.0F;
      }
    }
    multiply_rows(gradients, own_upstream, value);
    if constexpr (Drops) { drop(gradients, shape, part.head, part.first + warp_row, first); }
  };

  if constexpr (!HasRowSums) {
    for (int first = 0; first < part.keys; first += keys) {
      compute(first, false);
      if (works) {
#pragma unroll
        for (int i = 0; i < keys / 8 * 4; ++i) {
          row_sums[i % 4 / 2] += probabilities[i / 4][i % 4] * gradients[i / 4][i % 4];
        }
      }
      __syncthreads();
    }
    key_rows.start();
    value_rows.start();
    if constexpr (ahead > 0) { load(0, true); }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      row_sums[half] = sum_of_row(row_sums[half]);
      int const row = lane_row + half * 8;
      if (row < part.tokens && threadIdx.x % 4 == 0) { in.row_sums[head_row + row] = row_sums[half]; }
    }
  }

  float sums[columns][4] = {};
  for (int first = 0; first < part.keys; first += keys) {
    compute(first, true);
    if (works) {
#pragma unroll
      for (int i = 0; i < keys / 8 * 4; ++i) {
        float& gradient = gradients[i / 4][i % 4];
        gradient = probabilities[i / 4][i % 4] * (gradient - row_sums[i % 4 / 2]);
      }
      accumulate_rows(sums, gradients, layout::stage(key_tiles, first));
    }
    __syncthreads();
  }
  wait_for_copies<0>();
  __syncthreads();
  float const factors[2] = {shape.scale, shape.scale};
  store_rows(query, warp_row, sums, factors,
             in.query_gradient + (part.first_row + part.first + warp_row) * shape.stride + part.column, shape.stride,
             rows - warp_row);
}

}  // namespace slimfit::kernels
