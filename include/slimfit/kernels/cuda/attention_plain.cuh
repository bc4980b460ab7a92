// SPDX-License-Identifier: MIT
// Attention in double, for gradient checks and models that must be exact: a warp owns a query or a key and computes
// every score where it is needed. Nothing here is meant to be fast.
#pragma once

#include <slimfit/kernels/cuda/attention_backward.cuh>
#include <slimfit/kernels/cuda/attention_forward.cuh>

namespace slimfit::kernels {

/// Which of all heads' queries or keys a warp owns.
inline __device__ index_t row_of_warp() {
  return (static_cast<index_t>(blockIdx.x) * attention_threads + threadIdx.x) / 32;
}

/// The query or key that a warp owns, and what all kernels here do with it.
template <class T, int HeadSize>
struct plain_head {
  static constexpr int slots = (HeadSize + 31) / 32;  ///< elements of a row that a lane sums up
  attention_shape const& shape;
  index_t head = row_of_warp() / shape.tokens;
  int token = static_cast<int>(row_of_warp() % shape.tokens);
  int lane = static_cast<int>(threadIdx.x) % 32;
  index_t first_row = shape.sequences.first(head / shape.heads);
  int tokens = static_cast<int>(shape.sequences.rows(head / shape.heads));
  int keys = static_cast<int>(shape.sequences.keys(head / shape.heads));
  T scale = T{1} / sqrt(static_cast<T>(HeadSize));

  /// Whether the warp owns anything: sequences may be shorter than the longest.
  [[nodiscard]] __device__ bool exists() const { return token < tokens; }
  /// Row of probabilities of query `query`, over all heads.
  [[nodiscard]] __device__ index_t score_row(int query) const {
    return first_row * shape.heads + head % shape.heads * tokens + query;
  }
  /// First element of the head in row `row` of the sequence.
  [[nodiscard]] __device__ index_t at(int row) const {
    return (first_row + row) * shape.stride + head % shape.heads * HeadSize;
  }
  [[nodiscard]] __device__ T dot(T const* a, int row_a, T const* b, int row_b) const {
    T sum{};
    for (int d = 0; d < HeadSize; ++d) { sum += a[at(row_a) + d] * b[at(row_b) + d]; }
    return sum;
  }
  /// sums += the factors of all lanes, times rows from `first` on.
  __device__ void add_rows(T (&sums)[slots], T factor, T const* rows, int first, int count) const {
    for (int i = 0; i < lesser(32, count); ++i) {
      T const each = __shfl_sync(0xffffffffU, factor, i);
#pragma unroll
      for (int slot = 0; slot < slots; ++slot) {
        int const d = lane + 32 * slot;
        if (d < HeadSize) { sums[slot] += each * rows[at(first + i) + d]; }
      }
    }
  }
  __device__ void write(T const (&sums)[slots], T* target) const {
#pragma unroll
    for (int slot = 0; slot < slots; ++slot) {
      int const d = lane + 32 * slot;
      if (d < HeadSize) { target[at(token) + d] = sums[slot]; }
    }
  }
  /// Sum or maximum over the warp.
  template <class Op>
  static __device__ T reduce(T value, Op op) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
      value = op(value, __shfl_xor_sync(0xffffffffU, value, distance));
    }
    return value;
  }
  template <bool Drops>
  [[nodiscard]] __device__ T factor(int query, int key) const {
    if constexpr (Drops) { return dropout_factor(shape, head, query, key); }
    return T{1};
  }
};

/// A warp: the output and what is kept of one query of one head.
template <class T, int HeadSize, class Kept, bool Drops>
__global__ void __launch_bounds__(attention_threads)
    plain_forward_kernel(attention_forward_arguments<T, Kept> const in, attention_shape const shape,
                         index_t const rows) {
  if (row_of_warp() >= rows) { return; }
  plain_head<T, HeadSize> const own{shape};
  if (!own.exists()) { return; }
  auto const score = [&](int key) { return own.scale * own.dot(in.query.data, own.token, in.key.data, key); };
  T largest = -math::infinity<T>;
  for (int key = own.lane; key < own.keys; key += 32) {
    T const each = score(key);
    largest = each > largest ? each : largest;
  }
  largest = own.reduce(largest, [](T a, T b) { return b > a ? b : a; });
  T total{};
  for (int key = own.lane; key < own.keys; key += 32) { total += math::exp(score(key) - largest); }
  total = own.reduce(total, [](T a, T b) { return a + b; });
  index_t const row = own.score_row(own.token);
  T sums[own.slots] = {};
  for (int first = 0; first < own.keys; first += 32) {
    int const key = first + own.lane;
    T p{};
    if (key < own.keys) {
      p = math::exp(score(key) - largest) / total;
      if constexpr (Kept::stored) { in.kept.data[row * own.shape.tokens + key] = Kept::encode(p); }
      p *= own.template factor<Drops>(own.token, key);
    }
    own.add_rows(sums, p, in.value.data, first, own.keys - first);
  }
  if constexpr (!Kept::stored) {
    if (in.kept.log_sums != nullptr && own.lane == 0) { in.kept.log_sums[row] = largest + log(total); }
  }
  own.write(sums, in.output);
}

/// One probability as the backward pass sees it.
template <class T, int HeadSize, class Operand, class Kept>
inline __device__ T plain_probability(attention_backward_arguments<T, Operand, Kept> const& in,
                                      plain_head<T, HeadSize> const& own, int query, int key) {
  index_t const row = own.score_row(query);
  if constexpr (Kept::stored) {
    return Kept::template decode<T>(in.kept.data[row * own.shape.tokens + key]);
  } else {
    return math::exp(own.scale * own.dot(in.query.data, query, in.key.data, key) - in.kept.log_sums[row]);
  }
}

/// A warp: the gradient of one query of one head.
template <class T, int HeadSize, class Operand, class Kept, bool Drops>
__global__ void __launch_bounds__(attention_threads)
    plain_query_gradient_kernel(attention_backward_arguments<T, Operand, Kept> const in, attention_shape const shape,
                                index_t const rows) {
  if (row_of_warp() >= rows) { return; }
  plain_head<T, HeadSize> const own{shape};
  if (!own.exists()) { return; }
  auto const upstream = [&](int key) {
    return own.template factor<Drops>(own.token, key) * own.dot(in.upstream.data, own.token, in.value.data, key);
  };
  T row_sum{};
  for (int key = own.lane; key < own.keys; key += 32) {
    row_sum += plain_probability(in, own, own.token, key) * upstream(key);
  }
  row_sum = own.reduce(row_sum, [](T a, T b) { return a + b; });
  if (own.lane == 0) { in.row_sums[own.score_row(own.token)] = row_sum; }
  T sums[own.slots] = {};
  for (int first = 0; first < own.keys; first += 32) {
    int const key = first + own.lane;
    T const gradient =
        key < own.keys ? own.scale * plain_probability(in, own, own.token, key) * (upstream(key) - row_sum) : T{};
    own.add_rows(sums, gradient, in.key.data, first, own.keys - first);
  }
  own.write(sums, in.query_gradient);
}

/// A warp: the gradients of one key and one value of one head.
template <class T, int HeadSize, class Operand, class Kept, bool Drops>
__global__ void __launch_bounds__(attention_threads)
    plain_key_gradients_kernel(attention_backward_arguments<T, Operand, Kept> const in, attention_shape const shape,
                               index_t const rows) {
  if (row_of_warp() >= rows) { return; }
  plain_head<T, HeadSize> const own{shape};
  if (!own.exists()) { return; }
  T key_sums[own.slots] = {};
  T value_sums[own.slots] = {};
  for (int first = 0; first < own.tokens && own.token < own.keys; first += 32) {
    int const query = first + own.lane;
    T gradient{};
    T weight{};
    if (query < own.tokens) {
      T const p = plain_probability(in, own, query, own.token);
      T const factor = own.template factor<Drops>(query, own.token);
      T const upstream = factor * own.dot(in.upstream.data, query, in.value.data, own.token);
      gradient = own.scale * p * (upstream - in.row_sums[own.score_row(query)]);
      weight = p * factor;
    }
    own.add_rows(key_sums, gradient, in.query.data, first, own.tokens - first);
    own.add_rows(value_sums, weight, in.upstream.data, first, own.tokens - first);
  }
  own.write(key_sums, in.key_gradient);
  own.write(value_sums, in.value_gradient);
}

}  // namespace slimfit::kernels
