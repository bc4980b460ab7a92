// SPDX-License-Identifier: MIT
// Attention's backward pass over short sequences in one kernel: a block of threads owns a head, whose keys and values
// come (and are decoded) to shared memory once, and passes over its queries. Everything is transposed: a warp owns 16
// keys, rows of fragments are keys, columns are queries, so that probabilities and their gradients are the left
// operands of the products for values and keys as they are. Row sums D are added up over warps, and the scores'
// gradients pass through shared memory for the queries' gradient: five products, and every probability is rebuilt once.
// All sums have a fixed order. Long sequences: attention_query_gradient.cuh, attention_key_gradients.cuh.
#pragma once

#include <slimfit/kernels/cuda/attention_backward.cuh>
#include <slimfit/kernels/cuda/attention_column_sums.cuh>
#include <slimfit/kernels/cuda/head_rows.cuh>

namespace slimfit::kernels {

/// @tparam HeadSize up to 64: the sums for a warp's keys and values take registers
template <class T, int HeadSize>
struct attention_head_gradients_layout {
  static_assert(HeadSize <= 64);
  static constexpr int groups = 1;  ///< times 16 keys of a warp
  static constexpr int rows = 16 * groups;
  static constexpr int most_warps = 16;  ///< as registers allow
  static constexpr int most_tokens = rows * most_warps;
  static constexpr int queries = 16;  ///< of a tile
  using tile = operand_tile<T, queries, HeadSize>;
  using own_tile = operand_tile<T, 16, HeadSize>;
  using score_tile = operand_tile<T, 16, queries>;  ///< gradients of scores; rows are keys

  static constexpr int column_bytes = shared_parts::bytes_of<float>(HeadSize);
  static_assert(most_warps * column_bytes <= 4 * tile::bytes);

  SLIMFIT_HD static constexpr int warps(int tokens) { return static_cast<int>(divide_up(tokens, rows)); }
  static constexpr int bytes(int tokens) {
    int const keys = static_cast<int>(round_up(tokens, 32));
    using parts = shared_parts;
    return 2 * parts::bytes_of<T>(keys * tile::stride) + 4 * tile::bytes +
           parts::bytes_of<T>(keys * score_tile::stride) + parts::bytes_of<float>(warps(tokens) * queries) +
           parts::bytes_of<float>(static_cast<int>(round_up(tokens, queries))) + column_bytes;
  }
};

/// What a block of threads does for its head, phase by phase.
template <class T, int HeadSize, class Operand>
struct head_gradients {
  using layout = attention_head_gradients_layout<T, HeadSize>;
  using tile = typename layout::tile;
  using own_tile = typename layout::own_tile;
  using score_tile = typename layout::score_tile;
  using arguments = attention_backward_arguments<T, Operand, rebuilt_probabilities<float>>;
  static constexpr int queries = layout::queries;
  static constexpr int groups = layout::groups;
  static constexpr int rows = layout::rows;
  static constexpr int columns = tile::columns / 8;
  using scores = fragment<queries / 8>;

  arguments const& in;
  attention_shape const& shape;
  column_sum_targets const& to;
  head_block const& head;
  int warp = workers::warp();
  int lane = static_cast<int>(threadIdx.x) % 32;
  own_tile key, value;  ///< all of the head
  T* stages;            ///< two tiles of queries, two of output gradients, used in turns
  score_tile score_gradients;
  float* row_sums;    ///< of every warp, for the tile's queries
  float* log_sums;    ///< in units of log 2
  float* query_sums;  ///< over the queries so far, of every column
  passing_rows<Operand, T, queries, HeadSize> query_rows;
  passing_rows<dense_rows<T>, T, queries, HeadSize> upstream_rows;
  scores probabilities[groups];
  scores gradients[groups];  ///< of probabilities, then of scores
  fragment<columns> key_sums[groups]{};
  fragment<columns> value_sums[groups]{};

  __device__ head_gradients(arguments const& given, attention_shape const& extents, column_sum_targets const& sums,
                            head_block const& part)
      : in(given),
        shape(extents),
        to(sums),
        head(part),
        query_rows{given.query, {part.first_row, part.column}, part.tokens},
        upstream_rows{given.upstream, {part.first_row, part.column}, part.tokens} {
    int const padded = round_up(head.tokens, 32);
    shared_parts shared{shared_bytes()};
    key.data = shared.take<T>(padded * tile::stride);
    value.data = shared.take<T>(padded * tile::stride);
    stages = shared.take<T>(4 * queries * tile::stride);
    score_gradients.data = shared.take<T>(padded * score_tile::stride);
    row_sums = shared.take<float>(static_cast<int>(blockDim.x) / 32 * queries);
    log_sums = shared.take<float>(round_up(head.tokens, queries));
    query_sums = shared.take<float>(HeadSize);
  }

  /// Values' parts lie where tiles of queries were.
  [[nodiscard]] __device__ head_column_sums<HeadSize> sums_of_columns() const {
    return {to, query_sums, reinterpret_cast<float*>(stages)};
  }
  [[nodiscard]] __device__ bool works() const { return warp * rows < head.keys; }
  [[nodiscard]] __device__ tile query(int first) const {
    return {stages + first / queries % 2 * queries * tile::stride};
  }
  [[nodiscard]] __device__ tile upstream(int first) const {
    return {stages + (first / queries % 2 + 2) * queries * tile::stride};
  }

  __device__ void load_keys() const {
    query_rows.announce();
    int const padded = round_up(head.tokens, 32);
    load_head_rows(key, in.key, {head.first_row, head.column}, head.keys, padded);
    load_head_rows(value, in.value, {head.first_row, head.column}, head.keys, padded);
    // Pairs of 16 keys are added up, of which the second may not exist.
    int const end = round_up(head.keys, 16);
    for (int i = static_cast<int>(threadIdx.x); i < 16 * queries; i += static_cast<int>(blockDim.x)) {
      if (end < padded) { score_gradients.data[(end + i / queries) * score_tile::stride + i % queries] = T{}; }
    }
    // Queries that do not exist have probability 0.
    for (int i = static_cast<int>(threadIdx.x); i < round_up(head.tokens, queries); i += static_cast<int>(blockDim.x)) {
      log_sums[i] = i < head.tokens ? in.kept.log_sums[head.first_score + i] * log2_e : math::infinity<float>;
    }
  }
  /// Begins to bring the tile from `first` on.
  __device__ void begin(int first) {
    if (first < head.tokens) {
      query_rows.begin(query(first), first);
      upstream_rows.begin(upstream(first), first);
    }
    commit_copies();
  }
  /// Codes are read and decoded when their tile comes next.
  __device__ void finish(int first) {
    if (first < head.tokens) { query_rows.finish(query(first), first); }
  }
  /// The warp's own, which are read each time: registers are few.
  [[nodiscard]] __device__ left_groups<own_tile, groups, 0> own_rows(own_tile const& all) const {
    return {all, warp * rows, {}};
  }
  /// Probabilities of the queries from `first` on, and their gradients.
  __device__ void rebuild(int first) {
    multiply_rows(probabilities, own_rows(key), query(first));
    float const factor = shape.scale * log2_e;
#pragma unroll
    for (int i = 0; i < scores::size; i += 4) {
      auto const sums = load_run<2>(log_sums + first + scores::column(i));
#pragma unroll
      for (int j = 0; j < 4 * groups; ++j) {
        float& each = probabilities[j / 4][i + j % 4];
        each = exp2_fast(fmaf(each, factor, -sums.values[j % 2]));
      }
    }
#pragma unroll
    for (int i = 0; i < scores::size * groups; ++i) {
      int const row = i / scores::size * 16 + scores::row(i % scores::size);
      float& each = probabilities[i / scores::size][i % scores::size];
      each = row < head.keys - warp * rows ? each : 0.0F;
    }
    multiply_rows(gradients, own_rows(value), upstream(first));
  }
  /// Row sums of the warp's keys. Lanes exchange halves of their columns, until each of them has one.
  __device__ void share_row_sums() const {
    constexpr int own_columns = queries / 4;
    float sums[own_columns];
#pragma unroll
    for (int i = 0; i < own_columns; ++i) {
      sums[i] = 0;
#pragma unroll
      for (int half = 0; half < 2 * groups; ++half) {
        int const at = i / 2 * 4 + i % 2 + half % 2 * 2;
        sums[i] += probabilities[half / 2][at] * gradients[half / 2][at];
      }
    }
    int const number = add_over_rows(sums);
    row_sums[warp * queries + number / 2 * 8 + lane % 4 * 2 + number % 2] = sums[0];
  }
  /// Gradients of the scores, for the warp's keys in registers, for the queries in shared memory.
  __device__ void finish_scores() {
    float own_sum = 0;  // of the query with the lane's number
#pragma unroll
    for (int i = 0; i < layout::most_warps; ++i) {
      own_sum += i * rows < head.keys ? row_sums[i * queries + lane % queries] : 0.0F;
    }
#pragma unroll
    for (int i = 0; i < scores::size; i += 4) {
      float sums[2];
#pragma unroll
      for (int j = 0; j < 2; ++j) { sums[j] = __shfl_sync(0xffffffffU, own_sum, scores::column(i + j)); }
#pragma unroll
      for (int j = 0; j < 4 * groups; ++j) {
        float& each = gradients[j / 4][i + j % 4];
        each = probabilities[j / 4][i + j % 4] * (each - sums[j % 2]);
      }
#pragma unroll
      for (int half = 0; half < 2 * groups; ++half) {
        int const at = i + half % 2 * 2;
        int const row = warp * rows + half / 2 * 16 + scores::row(at);
        score_tile::unit::store_pair(score_gradients.data + row * score_tile::stride + scores::column(at),
                                     gradients[half / 2][at], gradients[half / 2][at + 1]);
      }
    }
  }
  __device__ void add_values(int first) { accumulate_rows(value_sums, probabilities, upstream(first)); }
  __device__ void add_keys(int first) { accumulate_rows(key_sums, gradients, query(first)); }

  /// Gradient of the queries from `first` on: blocks of 16 x 16 are shared out among warps, the last ones first.
  __device__ void write_query_gradient(int first) const {
    constexpr int blocks = queries / 16 * tile::columns / 16;
    int const warps = static_cast<int>(blockDim.x) / 32;
    for (int block = warps - 1 - warp; block < blocks; block += warps) {
      int const row = block % (queries / 16) * 16;
      int const column = block / (queries / 16) * 16;
      fragment<2> sums[2];  // of every other 16 keys, so that no product waits for the one before it
#pragma unroll 2
      for (int part = 0; part < round_up(head.keys, 32) / 16; part += 2) {
        typename own_tile::right_fragment b[2][2];
        typename own_tile::left_fragment a[2];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          a[i] = score_gradients.left_of_rows(part + i, row);
          key.right_of_rows(b[i], part + i, column);
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) { own_tile::unit::multiply(sums[i % 2].values[i / 2], a[i % 2], b[i % 2][i / 2]); }
      }
#pragma unroll
      for (int i = 0; i < fragment<2>::size; ++i) { sums[0][i] += sums[1][i]; }
      write_block(sums[0], first + row, column);
      sums_of_columns().add_queries(sums[0], first == 0, column);
    }
  }
  /// Lanes exchange pairs of columns, so that each of them has four neighbours and rows fill whole sectors.
  __device__ void write_block(fragment<2> const& sums, int row, int column) const {
    int const own = lane % 4;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      std::uint32_t words[2][2];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        auto const& pair = sums.values[i / 2];
        std::uint32_t const word = own_tile::unit::pair(pair[2 * half] * shape.scale, pair[2 * half + 1] * shape.scale);
        words[i / 2][i % 2] = __shfl_sync(0xffffffffU, word, lane / 4 * 4 + own * 2 % 4 + i % 2);
      }
      int const at = row + lane / 4 + 8 * half;
      if (at >= head.tokens || column + 4 * own >= HeadSize) { continue; }
      auto* const target = in.query_gradient + (head.first_row * shape.stride + head.column) +
                           (at * static_cast<int>(shape.stride) + column + 4 * own);
      *reinterpret_cast<uint2*>(target) =
          make_uint2(own < 2 ? words[0][0] : words[1][0], own < 2 ? words[0][1] : words[1][1]);
    }
  }
  /// Through the warp's own rows of shared memory, which nobody reads any more.
  __device__ void write_key_gradients() const {
    int const first = warp * rows;
    if (first >= head.tokens) { return; }
    float const scales[2] = {shape.scale, shape.scale};
    float const ones[2] = {1, 1};
    index_t const target = (head.first_row + first) * shape.stride + head.column;
    int const count = head.tokens - first;
    store_rows(key, first, key_sums[0].values, scales, in.key_gradient + target, shape.stride, count);
    store_rows(value, first, value_sums[0].values, ones, in.value_gradient + target, shape.stride, count);
  }
};

/// A block: all three gradients of one head of one sequence.
template <class T, int HeadSize, class Operand>
__global__ void __launch_bounds__(32 * attention_head_gradients_layout<T, HeadSize>::most_warps)
    attention_head_gradients_kernel(attention_backward_arguments<T, Operand, rebuilt_probabilities<float>> const in,
                                    attention_shape const shape, column_sum_targets const sums) {
  auto const head = block_of_head(shape, HeadSize, attention_head_tokens);
  head_gradients<T, HeadSize, Operand> own(in, shape, sums, head);
  constexpr int queries = own.queries;
  own.load_keys();
  own.begin(0);
  own.finish(0);
  for (int first = 0; first < head.tokens; first += queries) {
    wait_for_copies<0>();
    __syncthreads();
    own.begin(first + queries);
    if (first > 0) { own.write_query_gradient(first - queries); }
    if (own.works()) {
      own.rebuild(first);
      own.share_row_sums();
      own.add_values(first);
    }
    __syncthreads();
    if (own.works()) {
      own.finish_scores();
      own.add_keys(first);
    }
    own.finish(first + queries);
  }
  __syncthreads();
  if (head.exists()) { own.write_query_gradient((head.tokens - 1) / queries * queries); }
  if (own.works()) { own.sums_of_columns().share_values(own.warp, own.value_sums[0]); }
  __syncthreads();
  own.write_key_gradients();
  own.sums_of_columns().write(head, shape, attention_head_gradients_layout<T, HeadSize>::warps(head.keys));
}

}  // namespace slimfit::kernels
