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
  attention_shape shape;
};

/// Tiles of both kernels: two of the rows that a block owns, two of those that it passes over.
template <class T, int HeadSize, class Kept>
struct attention_backward_layout {
  static constexpr int passing = sizeof(T) * HeadSize > 256 ? 16 : 32;  ///< rows of a tile that is passed over
  using own_tile = operand_tile<T, attention_rows, HeadSize>;
  using passing_tile = operand_tile<T, passing, HeadSize>;
  static constexpr int operand_bytes = 2 * own_tile::bytes + 2 * passing_tile::bytes;
  static constexpr int query_bytes = operand_bytes + attention_rows * (passing + 8) * Kept::element_bytes;
  static constexpr int key_bytes = operand_bytes + (Kept::stored ? 1 : 2) * passing * static_cast<int>(sizeof(float)) +
                                   passing * (attention_rows + 4) * Kept::element_bytes;
};

}  // namespace slimfit::kernels
