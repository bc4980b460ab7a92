// SPDX-License-Identifier: MIT
// Attention's forward pass: a block of threads owns 64 queries of a head and passes once over the keys and values,
// rescaling its sums whenever a row's largest score grows (Dao et al., "FlashAttention", 2022, arXiv 2205.14135; Dao,
// "FlashAttention-2", 2023, arXiv 2307.08691). Where probabilities are kept it passes twice over the keys, because
// what is stored is divided by the whole row's sum.
#pragma once

#include <slimfit/kernels/cuda/attention_shape.cuh>
#include <slimfit/kernels/cuda/probabilities.cuh>

namespace slimfit::kernels {

template <class T, class Kept>
struct attention_forward_arguments {
  dense_rows<T> query, key, value;
  Kept kept;
  T* output;
};

/// Tiles of the forward kernel.
template <class T, int HeadSize, class Kept>
struct attention_forward_layout {
  static constexpr int keys = sizeof(T) * HeadSize > 128 ? 32 : 64;  ///< of a tile
  using query_tile = operand_tile<T, attention_rows, HeadSize>;
  using key_tile = operand_tile<T, keys, HeadSize>;
  static constexpr int bytes =
      query_tile::bytes + 2 * key_tile::bytes + attention_rows * (keys + 8) * Kept::element_bytes;
};

/// Largest score and sum of exponentials of a lane's two rows, as far as keys were seen.
struct running_softmax {
  float largest[2] = {-math::infinity<float>, -math::infinity<float>};
  float total[2] = {0, 0};  ///< of this lane's columns only

  /// Takes more scores. They become exp(scale * (score - largest)); `corrections` is what earlier ones must be
  /// multiplied by. NaN scores stay NaN.
  template <int Tiles>
  __device__ void add(float (&scores)[Tiles][4], float factor, float (&corrections)[2]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float top = largest[half];
#pragma unroll
      for (int i = 0; i < Tiles * 2; ++i) { top = greater_or_nan(top, scores[i / 2][2 * half + i % 2]); }
#pragma unroll
      for (int distance = 1; distance < 4; distance *= 2) {
        top = greater_or_nan(top, __shfl_xor_sync(0xffffffffU, top, distance));
      }
      float const base = top == -math::infinity<float> ? 0.0F : top;  // all scores so far are -inf
      corrections[half] = exp2_fast((largest[half] - base) * factor);
      largest[half] = top;
      total[half] *= corrections[half];
      float const shift = base * factor;
#pragma unroll
      for (int i = 0; i < Tiles * 2; ++i) {
        float& score = scores[i / 2][2 * half + i % 2];
        score = exp2_fast(fmaf(score, factor, -shift));
        total[half] += score;
      }
    }
  }
  __device__ void finish() {
    total[0] = sum_of_row(total[0]);
    total[1] = sum_of_row(total[1]);
  }
};

/// Gives keys from `valid` on the score -inf, so that their probability is 0.
template <int Tiles>
__device__ inline void mask_keys(float (&scores)[Tiles][4], int valid) {
  int const column = static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
  for (int i = 0; i < Tiles * 4; ++i) {
    if (i / 4 * 8 + column + i % 2 >= valid) { scores[i / 4][i % 4] = -math::infinity<float>; }
  }
}

/// A block: the output and what is kept of `attention_rows` queries of one head, over all its keys.
template <class T, int HeadSize, class Kept, bool Drops>
__global__ void __launch_bounds__(attention_threads, blocks_at_once<HeadSize, 3>)
    attention_forward_kernel(attention_forward_arguments<T, Kept> const in, attention_shape const shape) {
  using layout = attention_forward_layout<T, HeadSize, Kept>;
  constexpr int keys = layout::keys;
  constexpr int columns = layout::query_tile::columns / 8;
  auto const part = block_of_head(shape, HeadSize);
  if (!part.exists()) { return; }
  int const warp_row = static_cast<int>(threadIdx.x) / 32 * 16;
  int const lane_row = part.first + warp_row + static_cast<int>(threadIdx.x) % 32 / 4;
  int const rows = lesser(attention_rows, part.tokens - part.first);
  std::byte* memory = shared_bytes();
  typename layout::query_tile const query{reinterpret_cast<T*>(memory)};
  typename layout::key_tile const key{reinterpret_cast<T*>(memory += layout::query_tile::bytes)};
  typename layout::key_tile const value{reinterpret_cast<T*>(memory += layout::key_tile::bytes)};
  memory += layout::key_tile::bytes;
  auto const load = [&](dense_rows<T> const& from, typename layout::key_tile const& tile, int first) {
    if (first < part.keys) { from.load(tile, part.first_row + first, part.column, lesser(keys, part.keys - first)); }
    commit_copies();
  };

  in.query.load(query, part.first_row + part.first, part.column, rows);
  load(in.key, key, 0);
  wait_for_copies<0>();
  __syncthreads();
  bool const works = warp_row < rows;
  left_rows const own(query, warp_row);
  running_softmax softmax;
  float scores[keys / 8][4];
  float corrections[2];
  float const factor = shape.scale * log2_e;
  if constexpr (Kept::stored) {
    for (int first = 0; first < part.keys; first += keys) {
      wait_for_copies<0>();
      __syncthreads();
      if (works) {
        multiply_rows(scores, own, key);
        if (first + keys > part.keys) { mask_keys(scores, part.keys - first); }
      }
      __syncthreads();
      load(in.key, key, first + keys < part.keys ? first + keys : 0);
      if (works) { softmax.add(scores, factor, corrections); }
    }
    softmax.finish();
  }
  load(in.value, value, 0);

  float sums[columns][4] = {};
  for (int first = 0; first < part.keys; first += keys) {
    wait_for_copies<1>();
    __syncthreads();
    if (works) {
      multiply_rows(scores, own, key);
      if (first + keys > part.keys) { mask_keys(scores, part.keys - first); }
    }
    __syncthreads();
    load(in.key, key, first + keys);
    if (!works) {
      // Its queries lie beyond the sequence's end.
    } else if constexpr (Kept::stored) {
      probability_tile<Kept, attention_rows, keys, 8> const staged{reinterpret_cast<typename Kept::element*>(memory)};
#pragma unroll
      for (int i = 0; i < keys / 8 * 4; ++i) {
        int const half = i % 4 / 2;
        float& score = scores[i / 4][i % 4];
        score = exp2_fast((score - softmax.largest[half]) * factor) / softmax.total[half];
      }
      staged.write(scores, warp_row);
      int const first_row = part.first + warp_row;
      staged.store(warp_row, in.kept.data + (part.first_score + first_row) * shape.tokens + first, shape.tokens,
                   part.tokens - first_row, part.keys - first);
    } else {
      softmax.add(scores, factor, corrections);
#pragma unroll
      for (int i = 0; i < columns * 4; ++i) { sums[i / 4][i % 4] *= corrections[i % 4 / 2]; }
    }
    if constexpr (Drops) {
      if (works) { drop(scores, shape, part.head, part.first + warp_row, first); }
    }
    wait_for_copies<1>();
    __syncthreads();
    if (works) { accumulate_rows(sums, scores, value); }
    __syncthreads();
    load(in.value, value, first + keys);
  }
  wait_for_copies<0>();
  __syncthreads();

  float inverse[2] = {1, 1};
  if constexpr (!Kept::stored) {
    softmax.finish();
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      // Without a valid key the result is 0; where all scores are -inf it is NaN.
      inverse[half] = part.keys == 0 ? 0.0F : 1.0F / softmax.total[half];
      int const row = lane_row + half * 8;
      if (in.kept.log_sums != nullptr && row < part.tokens && threadIdx.x % 4 == 0) {
        in.kept.log_sums[part.first_score + row] = softmax.largest[half] * shape.scale + logf(softmax.total[half]);
      }
    }
  }
  store_rows(query, warp_row, sums, inverse,
             in.output + (part.first_row + part.first + warp_row) * shape.stride + part.column, shape.stride,
             rows - warp_row);
}

}  // namespace slimfit::kernels
