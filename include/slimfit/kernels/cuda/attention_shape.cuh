// SPDX-License-Identifier: MIT
// What all attention kernels are told about the sequences they work on: extents, padding, dropout; and which part of
// them a block of threads computes.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/core/philox.hpp>
#include <slimfit/core/sequences.hpp>
#include <slimfit/kernels/cuda/operand_rows.cuh>
#include <slimfit/kernels/cuda/shared_memory.cuh>

namespace slimfit::kernels {

/// Blocks that a multiprocessor must have registers for. Said to the compiler, because left alone it saves registers
/// for one more and spills.
template <int HeadSize, int Usual>
inline constexpr int blocks_at_once = HeadSize > 64 ? 1 : Usual;

/// Sequences of which a block of threads may own a whole head.
inline constexpr int attention_head_tokens = 256;

/// What attention does beside the plain formula.
struct attention_options {
  /// Probability with which a probability is dropped; what is left is divided by 1 - rate.
  float dropout = 0;
  /// Number (head * tokens + query) * round_up(tokens, 4) + key of it decides; heads are counted over all sequences.
  random_stream random{};
};

struct attention_shape {
  int tokens;      ///< of the longest sequence
  int heads;       ///< of a sequence
  index_t stride;  ///< elements between rows
  float scale;     ///< of the scores
  sequence_rows sequences;
  attention_options options;
};

/// Part of one head that a block of threads computes.
struct head_block {
  index_t head;         ///< over all sequences
  index_t first_row;    ///< of the sequence, over all sequences
  index_t first_score;  ///< row of probabilities that the head begins with, over all heads
  int column;           ///< first element of the head in a row
  int first;            ///< token
  int tokens;           ///< of the sequence
  int keys;             ///< valid ones

  /// Whether there is anything to compute: sequences may be shorter than the longest.
  [[nodiscard]] __device__ bool exists() const { return first < tokens; }
};

/// @param rows that a block computes, of the head's
inline __device__ head_block block_of_head(attention_shape const& shape, int head_size, int rows = attention_rows) {
  int const blocks = (shape.tokens + rows - 1) / rows;
  int const head = static_cast<int>(blockIdx.x) / blocks;
  int const sequence = head / shape.heads;
  index_t const first_row = shape.sequences.first(sequence);
  int const tokens = static_cast<int>(shape.sequences.rows(sequence));
  return {head,
          first_row,
          first_row * shape.heads + head % shape.heads * tokens,
          head % shape.heads * head_size,
          static_cast<int>(blockIdx.x) % blocks * rows,
          tokens,
          static_cast<int>(shape.sequences.keys(sequence))};
}

/// 2^x, to 2 units in the last place; 0 below 2^-126.
__device__ inline float exp2_fast(float x) { return math::detail::exp2_instruction(x); }
/// The greater of two numbers, NaN where one of them is.
__device__ inline float greater_or_nan(float a, float b) {
  float result;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
inline constexpr float log2_e = 1.44269504F;
inline constexpr float ln_2 = 0.693147181F;

/// 0 or 1 / (1 - rate) for one probability.
__device__ inline float dropout_factor(attention_shape const& shape, index_t head, int query, int key) {
  index_t const row = (head * shape.tokens + query) * (round_up(shape.tokens, 4) / 4);
  auto const words = shape.options.random.block(static_cast<std::uint64_t>(row + key / 4));
  std::uint32_t const even = key % 4 < 2 ? words[0] : words[2];
  std::uint32_t const odd = key % 4 < 2 ? words[1] : words[3];
  float const rate = shape.options.dropout;
  return uniform(key % 2 == 0 ? even : odd) < rate ? 0.0F : 1.0F / (1.0F - rate);
}

/// Multiplies values by their probabilities' factors; a fragment's rows are queries.
template <int Tiles>
__device__ inline void drop(float (&values)[Tiles][4], attention_shape const& shape, index_t head, int query, int key) {
  int const lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
  for (int i = 0; i < Tiles * 4; ++i) {
    values[i / 4][i % 4] *=
        dropout_factor(shape, head, query + lane / 4 + i % 4 / 2 * 8, key + i / 4 * 8 + lane % 4 * 2 + i % 2);
  }
}

/// Sum over the four lanes that hold a row.
__device__ inline float sum_of_row(float value) {
  value += __shfl_xor_sync(0xffffffffU, value, 1);
  return value + __shfl_xor_sync(0xffffffffU, value, 2);
}

}  // namespace slimfit::kernels
