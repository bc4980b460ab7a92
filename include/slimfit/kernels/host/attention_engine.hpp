// SPDX-License-Identifier: MIT
// Softmax attention of one head of one sequence, a block of queries at a time, for backends that run tasks on host
// threads. Scores exist for one block of queries only; whether the probabilities are kept is the caller's choice.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include <slimfit/backend/counting.hpp>
#include <slimfit/backend/device.hpp>
#include <slimfit/core/matrix_product.hpp>
#include <slimfit/core/sequences.hpp>
#include <slimfit/kernels/host/softmax.hpp>
#include <slimfit/stash/probability_stash.hpp>

namespace slimfit::kernels {

/// Queries whose scores are in memory at the same time.
inline constexpr index_t query_block = 64;

/// Elements of scratch memory for one block of scores of `tokens` keys.
constexpr index_t score_elements(index_t tokens) { return round_up(std::min(query_block, tokens) * tokens, 16); }

/// `rows x HeadSize` slices of row-major matrices with `stride` elements between rows.
template <class T>
struct attention_operands {
  T const* query;
  T const* key;
  T const* value;
  index_t stride;
  index_t tokens;   ///< rows of each
  index_t keys;     ///< of them attended to: the first ones
  index_t columns;  ///< of a row of kept probabilities
};

/// output = softmax(query * key^T / sqrt(HeadSize)) * value (Vaswani et al. 2017, equation 1).
/// @tparam Device        a backend with `multiply_serial`
/// @tparam Probabilities what is kept of the probabilities of this head: a `kept` of stash/attention_stash.hpp
/// @param scores `score_elements(columns)` elements of scratch
template <class Device, int HeadSize, class T, class Probabilities>
void attention_head_forward(attention_operands<T> const& in, Probabilities const& kept, T* output,
                            compute_type<T>* scores) {
  using value_type = compute_type<T>;
  auto const scale = value_type{1} / std::sqrt(static_cast<value_type>(HeadSize));
  index_t const n = in.columns;
  for (index_t first = 0; first < in.tokens; first += query_block) {
    index_t const rows = std::min(query_block, in.tokens - first);
    value_type* const block = kept.target(first, n, scores);
    Device::multiply_serial(rows, in.keys, HeadSize, scale, operand<T>{in.query + first * in.stride, in.stride, false},
                            operand<T>{in.key, in.stride, true}, block, n, update_mode::overwrite);
    for (index_t row = 0; row < rows; ++row) {
      auto const log_sum_exp = softmax_row(block + row * n, block + row * n, in.keys, value_type{1});
      kept.save(first + row, n, in.keys, block + row * n, log_sum_exp);
    }
    Device::multiply_serial(rows, HeadSize, in.keys, value_type{1}, operand<value_type>{block, n, false},
                            operand<T>{in.value, in.stride, false}, output + first * in.stride, in.stride,
                            update_mode::overwrite);
  }
}

/// Gradients of query, key and value (all overwritten) from that of the output.
/// @param scores `2 * score_elements(columns)` elements of scratch
template <class Device, int HeadSize, class T, class Probabilities>
void attention_head_backward(attention_operands<T> const& in, Probabilities const& kept, T const* output_gradient,
                             T* query_gradient, T* key_gradient, T* value_gradient, compute_type<T>* scores) {
  using value_type = compute_type<T>;
  auto const scale = value_type{1} / std::sqrt(static_cast<value_type>(HeadSize));
  index_t const n = in.columns;
  value_type* const score_gradients = scores + score_elements(n);
  for (index_t first = 0; first < in.tokens; first += query_block) {
    index_t const rows = std::min(query_block, in.tokens - first);
    auto const mode = first == 0 ? update_mode::overwrite : update_mode::accumulate;
    operand<T> const query{in.query + first * in.stride, in.stride, false};
    operand<T> const upstream{output_gradient + first * in.stride, in.stride, false};
    value_type const* block = nullptr;
    if constexpr (Probabilities::recomputes) {
      Device::multiply_serial(rows, in.keys, HeadSize, scale, query, operand<T>{in.key, in.stride, true}, scores, n,
                              update_mode::overwrite);
      for (index_t row = 0; row < rows; ++row) {
        softmax_from_log_sum(scores + row * n, scores + row * n, in.keys, value_type{1}, kept.log_sum_exp(first + row));
      }
      block = scores;
    } else {
      block = kept.restore(first, rows, n, in.keys, scores);
    }
    Device::multiply_serial(rows, in.keys, HeadSize, value_type{1}, upstream, operand<T>{in.value, in.stride, true},
                            score_gradients, n, update_mode::overwrite);
    for (index_t row = 0; row < rows; ++row) {
      softmax_row_backward(block + row * n, score_gradients + row * n, score_gradients + row * n, in.keys, scale);
    }
    Device::multiply_serial(rows, HeadSize, in.keys, value_type{1}, operand<value_type>{score_gradients, n, false},
                            operand<T>{in.key, in.stride, false}, query_gradient + first * in.stride, in.stride,
                            update_mode::overwrite);
    Device::multiply_serial(in.keys, HeadSize, rows, value_type{1}, operand<value_type>{score_gradients, n, true},
                            query, key_gradient, in.stride, mode);
    Device::multiply_serial(in.keys, HeadSize, rows, value_type{1}, operand<value_type>{block, n, true}, upstream,
                            value_gradient, in.stride, mode);
  }
  for (index_t row = in.keys; row < in.tokens; ++row) {
    std::fill_n(key_gradient + row * in.stride, HeadSize, T{});
    std::fill_n(value_gradient + row * in.stride, HeadSize, T{});
  }
}

/// Attention over whole sequences. This one is for backends that run tasks on host threads; others specialise it.
/// Scratch memory is counted in elements of T.
template <class Device, int Heads, int HeadSize, class T>
struct attention_engine {
  static constexpr int hidden = Heads * HeadSize;
  using score_type = compute_type<T>;
  /// Whether the backward pass reads operands in the form `Kept` in which they are kept; otherwise the layer restores
  /// them first.
  template <class Kept>
  static constexpr bool reads_kept = false;
  /// Whether the backward pass may make sums over each sequence's rows of the gradients of queries and values.
  template <class Probabilities>
  static constexpr bool sums_columns = false;
  /// Whether the forward pass may save operands through such views.
  template <class View, class Probabilities>
  static constexpr bool saves_operands = false;

  static constexpr index_t forward_scratch(sequence_batch const& batch) {
    constexpr auto elements = static_cast<index_t>(sizeof(score_type) / sizeof(T));
    return elements * slots(batch.count()) * score_elements(batch.tokens());
  }
  static constexpr index_t backward_scratch(sequence_batch const& batch) { return 2 * forward_scratch(batch); }

  template <class Probabilities>
  static void forward(Device& device, std::array<T*, 3> const& operands, Probabilities const& kept,
                      sequence_batch const& batch, T* output, T* scratch) {
    for_each_head(device, batch, [&](index_t slot, head_place const& place) {
      index_t const at = place.offset;
      attention_head_forward<Device, HeadSize, T>(
          {operands[0] + at, operands[1] + at, operands[2] + at, hidden, place.tokens, place.keys, batch.tokens()},
          kept.rows_from(place.score_row, batch.tokens()), output + at,
          reinterpret_cast<score_type*>(scratch) + slot * score_elements(batch.tokens()));
    });
  }
  template <class Probabilities>
  static void backward(Device& device, std::array<T const*, 3> const& operands, Probabilities const& kept,
                       T const* output_gradient, std::array<T*, 3> const& gradients, sequence_batch const& batch,
                       T* scratch) {
    for_each_head(device, batch, [&](index_t slot, head_place const& place) {
      index_t const at = place.offset;
      attention_head_backward<Device, HeadSize, T>(
          {operands[0] + at, operands[1] + at, operands[2] + at, hidden, place.tokens, place.keys, batch.tokens()},
          kept.rows_from(place.score_row, batch.tokens()), output_gradient + at, gradients[0] + at, gradients[1] + at,
          gradients[2] + at, reinterpret_cast<score_type*>(scratch) + slot * 2 * score_elements(batch.tokens()));
    });
  }

 private:
  /// Tasks that run at the same time, each with its own scratch memory.
  static constexpr index_t slots(index_t sequences) {
    return std::min<index_t>(device_traits<Device>::concurrent_tasks, sequences * Heads);
  }
  /// Where one head of one sequence lies.
  struct head_place {
    index_t tokens;
    index_t keys;
    index_t offset;     ///< its first element
    index_t score_row;  ///< its first row of probabilities, over all heads
  };
  /// Calls `body(slot, place)` for all heads of all sequences.
  template <class Body>
  static void for_each_head(Device& device, sequence_batch const& batch, Body const& body) {
    index_t const heads = batch.count() * Heads;
    index_t const stride = slots(batch.count());
    auto const& where = batch.where();
    device.for_each_task(stride, [&](index_t slot) {
      for (index_t head = slot; head < heads; head += stride) {
        index_t const sequence = head / Heads;
        index_t const first = where.first(sequence);
        index_t const tokens = where.rows(sequence);
        body(slot, head_place{tokens, where.keys(sequence), first * hidden + head % Heads * HeadSize,
                              first * Heads + head % Heads * tokens});
      }
    });
  }
};

/// A plan counts the scratch memory of the backend that it is made for.
template <class Planned, int Heads, int HeadSize, class T>
struct attention_engine<counting<Planned>, Heads, HeadSize, T> : attention_engine<Planned, Heads, HeadSize, T> {};

}  // namespace slimfit::kernels
