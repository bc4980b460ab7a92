// SPDX-License-Identifier: MIT
// Attention's forward pass over short sequences: a block of threads owns a head, whose keys and values come to shared
// memory once, and a warp owns 32 of its queries, so that what it reads of keys and values serves two
// products each. Long sequences: attention_forward.cuh.
#pragma once

#include <slimfit/kernels/cuda/attention_forward.cuh>
#include <slimfit/kernels/cuda/saved_operands.cuh>

namespace slimfit::kernels {

template <class T, int HeadSize>
struct attention_head_forward_layout {
  static constexpr int groups = HeadSize > 64 ? 1 : 2;  ///< times 16 queries of a warp
  static constexpr int rows = 16 * groups;
  static constexpr int most_warps = groups == 2 ? 7 : 13;  ///< as registers allow two blocks, or one, at a time
  static constexpr int most_tokens = rows * most_warps;
  static constexpr int keys = 16;  ///< of a tile
  using tile = operand_tile<T, keys, HeadSize>;

  static constexpr int warps(int tokens) { return static_cast<int>(divide_up(tokens, rows)); }
  /// Keys, values, and a warp's own queries.
  static constexpr int bytes(int tokens) {
    int const keys = static_cast<int>(round_up(tokens, 16));
    return (2 * keys + warps(tokens) * rows) * tile::stride * static_cast<int>(sizeof(T));
  }
};

/// Exponentials and their sums, relative to a power of two for each of a lane's rows that is close to the largest term.
/// It only rises, and sums are only corrected, when a score exceeds it by far.
template <int Groups>
struct lazy_softmax {
  static constexpr float margin = 8;  ///< of exponents: sums stay far from overflow

  float shift[2 * Groups];  ///< exponent of that power
  float total[2 * Groups];  ///< of this lane's columns only

  __device__ lazy_softmax() {
#pragma unroll
    for (int row = 0; row < 2 * Groups; ++row) {
      shift[row] = -math::infinity<float>;
      total[row] = 0;
    }
  }
  /// Takes more scores, which become their exponentials; `sums` of earlier ones are corrected.
  template <int Tiles, int Columns>
  __device__ void add(fragment<Tiles> (&scores)[Groups], float factor, fragment<Columns> (&sums)[Groups]) {
    float tops[2 * Groups];
    bool rises = false;
#pragma unroll
    for (int row = 0; row < 2 * Groups; ++row) {
      float top = scores[row / 2].values[0][row % 2 * 2];
#pragma unroll
      for (int i = 1; i < Tiles * 2; ++i) {
        top = greater_or_nan(top, scores[row / 2].values[i / 2][row % 2 * 2 + i % 2]);
      }
      tops[row] = top;
      rises = rises || exceeds(top * factor, shift[row]);
    }
    if (__any_sync(0xffffffffU, rises)) { rise(tops, factor, sums); }
#pragma unroll
    for (int row = 0; row < 2 * Groups; ++row) {
      float const base = shift[row] == -math::infinity<float> ? 0.0F : shift[row];  // all scores so far are -inf
#pragma unroll
      for (int i = 0; i < Tiles * 2; ++i) {
        float& score = scores[row / 2].values[i / 2][row % 2 * 2 + i % 2];
        score = exp2_fast(fmaf(score, factor, -base));
        total[row] += score;
      }
    }
  }
  __device__ void finish() {
#pragma unroll
    for (int row = 0; row < 2 * Groups; ++row) { total[row] = sum_of_row(total[row]); }
  }

 private:
  /// Also where one of them is NaN.
  static __device__ bool exceeds(float exponent, float from) { return !(exponent - from <= margin); }

  template <int Columns>
  __device__ void rise(float const (&tops)[2 * Groups], float factor, fragment<Columns> (&sums)[Groups]) {
#pragma unroll
    for (int row = 0; row < 2 * Groups; ++row) {
      float top = greater_or_nan(tops[row], __shfl_xor_sync(0xffffffffU, tops[row], 1));
      top = greater_or_nan(top, __shfl_xor_sync(0xffffffffU, top, 2)) * factor;
      // Rows that need none keep their bits, whatever the warp's other rows do.
      bool const rises = exceeds(top, shift[row]) && top != -math::infinity<float>;
      float const correction = rises ? exp2_fast(shift[row] - top) : 1.0F;
      shift[row] = rises ? top : shift[row];
      total[row] *= correction;
#pragma unroll
      for (int i = 0; i < Columns * 2; ++i) { sums[row / 2].values[i / 2][row % 2 * 2 + i % 2] *= correction; }
    }
  }
};

/// One warp's 16 * Groups queries against all keys of the head.
template <class T, int HeadSize>
struct head_queries {
  using layout = attention_head_forward_layout<T, HeadSize>;
  using tile = typename layout::tile;
  static constexpr int groups = layout::groups;
  static constexpr int columns = tile::columns / 8;

  tile key, value;
  lazy_softmax<groups> softmax{};
  fragment<columns> sums[groups]{};

  /// Passes over the keys. @param query the warp's own, in shared memory
  __device__ void pass(tile const& query, int keys, float factor) {
    left_groups<tile, groups, 0> own;
    own.take(query, 0);
    for (int first = 0; first < keys; first += layout::keys) {
      fragment<layout::keys / 8> scores[groups];
      multiply_rows(scores, own, key.template from<layout::keys>(first));
      if (first + layout::keys > keys) {
#pragma unroll
        for (int i = 0; i < groups * 8; ++i) {
          if (fragment<2>::column(i % 8) >= keys - first) { scores[i / 8][i % 8] = -math::infinity<float>; }
        }
      }
      softmax.add(scores, factor, sums);
      accumulate_rows(sums, scores, value.template from<layout::keys>(first));
    }
    softmax.finish();
  }
  /// Writes the log-sum-exp of each of `count` rows.
  __device__ void write_log_sums(float* target, int count) const {
#pragma unroll
    for (int row = 0; row < 2 * groups; ++row) {
      int const number = row / 2 * 16 + fragment<1>::row(row % 2 * 2);
      if (number < count && threadIdx.x % 4 == 0) {
        target[number] = softmax.shift[row] * ln_2 + logf(softmax.total[row]);
      }
    }
  }
  /// Writes the results through the warp's own rows of shared memory.
  __device__ void write(tile const& query, T* target, index_t stride, int keys, int count) const {
#pragma unroll
    for (int group = 0; group < groups; ++group) {
      // Without a valid key the result is 0; where all scores are -inf it is NaN.
      float const inverse[2] = {keys == 0 ? 0.0F : 1.0F / softmax.total[2 * group],
                                keys == 0 ? 0.0F : 1.0F / softmax.total[2 * group + 1]};
      store_rows(query, group * 16, sums[group].values, inverse, target + group * 16 * stride, stride,
                 count - group * 16);
    }
  }
};

/// A block: the output and what is kept of one head of one sequence.
/// @tparam Saved `no_saved_operands` or `saved_operands`
template <class T, int HeadSize, class Saved>
__global__ void __launch_bounds__(32 * attention_head_forward_layout<T, HeadSize>::most_warps, HeadSize > 64 ? 1 : 2)
    attention_head_forward_kernel(attention_forward_arguments<T, rebuilt_probabilities<float>> const in,
                                  attention_shape const shape, Saved const saved) {
  using layout = attention_head_forward_layout<T, HeadSize>;
  using tile = typename layout::tile;
  auto const head = block_of_head(shape, HeadSize, attention_head_tokens);
  int const warp = workers::warp();
  int const rows = round_up(head.keys, 16);
  shared_parts shared{shared_bytes()};
  tile const key{shared.take<T>(rows * tile::stride)};
  tile const value{shared.take<T>(rows * tile::stride)};
  tile const own{shared.take<T>(0) + warp * layout::rows * tile::stride};

  load_head_rows(key, in.key, {head.first_row, head.column}, head.keys, rows);
  load_head_rows(value, in.value, {head.first_row, head.column}, head.keys, rows);
  int const first = warp * layout::rows;
  int const count = head.tokens - first;
  load_head_rows(own, in.query, {head.first_row + first, head.column}, count, layout::rows, workers::of_warp());
  commit_copies();
  wait_for_copies<0>();
  __syncthreads();
  if constexpr (Saved::saves) {
    head_place const start{head.first_row, head.column};
    save_head_rows(key, head.keys, in.key, start, saved.key, head.tokens);
    save_head_rows(value, head.keys, in.value, start, saved.value, head.tokens);
    int const own_count = lesser(count, layout::rows);
    save_head_rows(own, own_count, in.query, {head.first_row + first, head.column}, saved.query, own_count,
                   workers::of_warp());
  }
  if (count <= 0) { return; }
  head_queries<T, HeadSize> queries{key, value};
  queries.pass(own, head.keys, shape.scale * log2_e);
  if (in.kept.log_sums != nullptr) { queries.write_log_sums(in.kept.log_sums + head.first_score + first, count); }
  queries.write(own, in.output + (head.first_row + first) * shape.stride + head.column, shape.stride, head.keys, count);
}

}  // namespace slimfit::kernels
