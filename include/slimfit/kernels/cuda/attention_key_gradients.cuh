// SPDX-License-Identifier: MIT
// Attention's backward pass for keys and values: a block of threads owns 64 keys of a head and passes over the queries.
// Everything is transposed: rows of fragments are keys, columns are queries, so that the probabilities are the left
// operands of both products as they are, and no sum is split between blocks.
#pragma once

#include <slimfit/kernels/cuda/attention_backward.cuh>

namespace slimfit::kernels {

/// A block: the gradients of `attention_rows` keys and values of one head, over all its queries.
template <class T, int HeadSize, class Operand, class Kept, bool Drops>
__global__ void __launch_bounds__(attention_threads,
                                  blocks_at_once<HeadSize, sizeof(T) == 2 && Operand::copies_ahead ? 3 : 2>)
    attention_key_gradients_kernel(attention_backward_arguments<T, Operand, Kept> const in,
                                   attention_shape const shape) {
  using layout = attention_backward_layout<T, HeadSize, Operand, Kept>;
  constexpr int queries = layout::passing;
  constexpr int columns = layout::own_tile::columns / 8;
  auto const part = block_of_head(shape, HeadSize);
  if (!part.exists()) { return; }
  int const warp_row = static_cast<int>(threadIdx.x) / 32 * 16;
  int const lane_column = static_cast<int>(threadIdx.x) % 4 * 2;
  std::byte* memory = shared_bytes();
  typename layout::own_tile const key{reinterpret_cast<T*>(memory)};
  typename layout::own_tile const value{reinterpret_cast<T*>(memory += layout::own_tile::bytes)};
  std::byte* const query_tiles = memory += layout::own_tile::bytes;
  std::byte* const upstream_tiles = memory += layout::passing_bytes;
  auto* const all_row_sums = reinterpret_cast<float*>(memory += layout::passing_bytes);
  memory += layout::sum_bytes;
  auto* const all_log_sums = reinterpret_cast<float*>(memory);  // only where probabilities are rebuilt

  int const tokens = part.tokens;
  int const own_keys = greater(0, lesser(attention_rows, part.keys - part.first));
  int const end = own_keys > 0 ? tokens : 0;
  typename Operand::template passage<queries, HeadSize> query_rows{in.query, part.first_row, part.column, end};
  typename dense_rows<T>::template passage<queries, HeadSize> upstream_rows{in.upstream, part.first_row, part.column,
                                                                            end};
  query_rows.start();
  in.key.load(key, part.first_row + part.first, part.column, own_keys);
  in.value.load(value, part.first_row + part.first, part.column, own_keys);
  commit_copies();
  index_t const head_row = part.first_score;
  float const factor = shape.scale * log2_e;
  float key_sums[columns][4] = {};
  float value_sums[columns][4] = {};
  // A query that does not exist has zeros everywhere, and so has its part of the sums.
  auto const load = [&](int first) {
    if (first < end) {
      int const count = lesser(queries, tokens - first);
      query_rows.load(layout::stage(query_tiles, first), first);
      upstream_rows.load(layout::stage(upstream_tiles, first), first);
      if (int const i = static_cast<int>(threadIdx.x); i < queries) {
        int const slot = first % (layout::stages * queries) + i;
        index_t const from = head_row + first + (i < count ? i : 0);
        copy_word(all_row_sums + slot, in.row_sums + from, i < count);
        if constexpr (!Kept::stored) { copy_word(all_log_sums + slot, in.kept.log_sums + from, i < count); }
      }
    }
    commit_copies();
  };
  constexpr int ahead = layout::stages - 1;
  if constexpr (ahead > 0) { load(0); }
  wait_for_copies<0>();
  __syncthreads();
  bool const works = warp_row < own_keys;
  // Not held: registers are few.
  left_rows<typename layout::own_tile, false> const own_key(key, warp_row);
  left_rows<typename layout::own_tile, false> const own_value(value, warp_row);
  float probabilities[queries / 8][4];
  auto const read_probabilities = [&](int first) {
    if constexpr (Kept::stored) {
      probability_tile<Kept, queries, attention_rows, 4> const staged{
          reinterpret_cast<typename Kept::element*>(memory)};
      staged.read_transposed(probabilities, warp_row);
    } else {
      float const* const log_sums = all_log_sums + first % (layout::stages * queries);
      multiply_rows(probabilities, own_key, layout::stage(query_tiles, first));
#pragma unroll
      for (int i = 0; i < queries / 8; ++i) {
        auto const sums = load_run<2>(log_sums + i * 8 + lane_column);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          probabilities[i][j] = exp2_fast(probabilities[i][j] * factor - sums.values[j % 2] * log2_e);
        }
      }
    }
  };
  auto const add = [&](int first) {
    auto const upstream = layout::stage(upstream_tiles, first);
    float const* const row_sums = all_row_sums + first % (layout::stages * queries);
    float gradients[queries / 8][4];
    multiply_rows(gradients, own_value, upstream);
    if constexpr (Drops) {
      int const own = part.first + warp_row + static_cast<int>(threadIdx.x) % 32 / 4;
      float dropped[queries / 8][4];
#pragma unroll
      for (int i = 0; i < queries / 8 * 4; ++i) {
        float const kept =
            dropout_factor(shape, part.head, first + i / 4 * 8 + lane_column + i % 2, own + i % 4 / 2 * 8);
        dropped[i / 4][i % 4] = probabilities[i / 4][i % 4] * kept;
        gradients[i / 4][i % 4] *= kept;
      }
      accumulate_rows(value_sums, dropped, upstream);
    } else {
      accumulate_rows(value_sums, probabilities, upstream);
    }
#pragma unroll
    for (int i = 0; i < queries / 8; ++i) {
      auto const sums = load_run<2>(row_sums + i * 8 + lane_column);
#pragma unroll
      for (int j = 0; j < 4; ++j) { gradients[i][j] = probabilities[i][j] * (gradients[i][j] - sums.values[j % 2]); }
    }
    accumulate_rows(key_sums, gradients, layout::stage(query_tiles, first));
  };
  for (int first = 0; first < end; first += queries) {
    load(first + ahead * queries);
    if constexpr (Kept::stored) {
      probability_tile<Kept, queries, attention_rows, 4> const staged{
          reinterpret_cast<typename Kept::element*>(memory)};
      staged.load(in.kept.data + (head_row + first) * shape.tokens + part.first, shape.tokens,
                  lesser(queries, tokens - first), own_keys);
    }
    wait_for_copies<ahead>();
    __syncthreads();
    if (works) {
      read_probabilities(first);
      add(first);
    }
    __syncthreads();
  }
  wait_for_copies<0>();
  __syncthreads();

  // Keys that are not valid have gradient 0, whatever their rows' probabilities would be.
  int const own_row = warp_row + static_cast<int>(threadIdx.x) % 32 / 4;
#pragma unroll
  for (int i = 0; i < columns * 4; ++i) {
    bool const valid = own_row + i % 4 / 2 * 8 < own_keys;
    key_sums[i / 4][i % 4] = valid ? key_sums[i / 4][i % 4] : 0.0F;
    value_sums[i / 4][i % 4] = valid ? value_sums[i / 4][i % 4] : 0.0F;
  }
  index_t const target = (part.first_row + part.first + warp_row) * shape.stride + part.column;
  int const rows = lesser(attention_rows, tokens - part.first) - warp_row;
  float const scales[2] = {shape.scale, shape.scale};
  float const ones[2] = {1, 1};
  store_rows(key, warp_row, key_sums, scales, in.key_gradient + target, shape.stride, rows);
  store_rows(value, warp_row, value_sums, ones, in.value_gradient + target, shape.stride, rows);
}

}  // namespace slimfit::kernels
