// SPDX-License-Identifier: MIT
// What both kernels of attention's backward pass share. Operands may be coded; probabilities are rebuilt from each
// row's log-sum-exp (FlashAttention) or read as they were kept. With P the probabilities, D the row sums of P * dP:
// dP = dO V^T, dV = P^T dO, dS = P * (dP - D), dQ = dS K * scale, dK = dS^T Q * scale.
#pragma once

#include <slimfit/kernels/cuda/attention_shape.cuh>
#include <slimfit/kernels/cuda/probabilities.cuh>

namespace slimfit::kernels {

/// @tparam Operand `dense_rows<T>` or `coded_rows<Format>`: the form in which queries, keys and values are kept
template <class T, class Operand, class Kept>
struct attention_backward_arguments {
  Operand query, key, value;
  dense_rows<T> upstream;  ///< gradient of the output
  Kept kept;
  compute_type<T>* row_sums;  ///< D, one per head and query: written by the kernel of the queries
  T* query_gradient;
  T* key_gradient;
  T* value_gradient;
};

/// Tiles of both kernels: two of the rows that a block owns, two of those that it passes over, twice where the next two
/// come while these are in use.
template <class T, int HeadSize, class Operand, class Kept>
struct attention_backward_layout {
  static constexpr int passing = sizeof(T) * HeadSize > 256 ? 16 : 32;  ///< rows of a tile that is passed over
  /// Floats would take more shared memory than two blocks of a multiprocessor have.
  static constexpr int stages = sizeof(T) == 2 ? 2 : 1;
  using own_tile = operand_tile<T, attention_rows, HeadSize>;
  using passing_tile = operand_tile<T, passing, HeadSize>;
  static constexpr int passing_bytes = stages * passing_tile::bytes;
  static constexpr int operand_bytes = 2 * own_tile::bytes + 2 * passing_bytes;
  static constexpr int sum_bytes = stages * passing * static_cast<int>(sizeof(float));
  static constexpr int query_bytes = operand_bytes + attention_rows * (passing + 8) * Kept::element_bytes;
  static constexpr int key_bytes =
      operand_bytes + (Kept::stored ? 1 : 2) * sum_bytes + passing * (attention_rows + 4) * Kept::element_bytes;

  /// The tile of the stage that rows from `first` on use.
  [[nodiscard]] static __device__ passing_tile stage(std::byte* tiles, int first) {
    return {reinterpret_cast<T*>(tiles + first / passing % stages * passing_tile::bytes)};
  }
};

}  // namespace slimfit::kernels
