// SPDX-License-Identifier: MIT
// What other software keeps for the backward pass, in bytes per token, from the sizes of the model: eager PyTorch in
// float32, PyTorch with automatic mixed precision and fused attention, and SlimFit's code as published. Temporaries are
// not counted. Each formula was checked against measurements of the software at hidden size 768.
#pragma once

#include <algorithm>

namespace examples {

struct reference_shape {
  double hidden = 0;
  double heads = 0;
  double mlp = 0;
  double layers = 0;
  double tokens = 0;
  bool is_bert = false;
  bool dropout = false;  ///< whether it is trained with dropout on attention and hidden states
};

/// Eager PyTorch, float32. Per block:
///   LayerNorm   2 x (4 hidden + 8)  inputs, mean and 1 / standard deviation
///   linears     3 x 4 hidden        inputs of query-key-value (one copy), output projection, first MLP layer
///   attention   3 x 4 hidden        q, k, v
///               4 heads tokens      probabilities
///   MLP         2 x 4 mlp           input of GELU, input of the second layer
///   dropout     2 x hidden          masks of one byte
///               5 heads tokens      the probabilities' mask, and the dropped probabilities
/// ViT adds its last LayerNorm's input and output; BERT the embedding LayerNorm's input, 24 of ids, the last block's
/// output, and with dropout a mask.
inline double eager_float32(reference_shape const& s) {
  double block = 2 * (4 * s.hidden + 8) + 3 * 4 * s.hidden + 3 * 4 * s.hidden + 4 * s.heads * s.tokens + 2 * 4 * s.mlp;
  if (s.dropout) { block += 2 * s.hidden + 5 * s.heads * s.tokens; }
  double const around = (4 * s.hidden + 8) + 4 * s.hidden + (s.is_bert ? 24 : 0) + (s.dropout ? s.hidden : 0);
  return s.layers * block + around;
}

/// PyTorch with autocast to bfloat16 and scaled_dot_product_attention. Per block:
///   LayerNorm   2 x (4 hidden + 8)  runs in float32
///   linears     3 x 2 hidden        query, key and value each cast their input
///               2 x 2 hidden        inputs of the output projection (attention's output) and of the first MLP layer
///   attention   3 x 2 hidden        q, k, v
///               4 heads             log-sum-exp
///   MLP         2 x 2 mlp
///   dropout     2 x hidden          masks; attention's own is drawn again
/// ViT adds its last LayerNorm's input; BERT the embeddings' and the last block's output, and with dropout a mask.
inline double amp_bfloat16(reference_shape const& s) {
  double block = 2 * (4 * s.hidden + 8) + (3 + 2 + 3) * 2 * s.hidden + 4 * s.heads + 2 * 2 * s.mlp;
  if (s.dropout) { block += 2 * s.hidden; }
  double const around = (4 * s.hidden + 8) + (s.is_bert ? 2 * s.hidden : 0) + (s.dropout ? s.hidden : 0);
  return s.layers * block + around;
}

/// SlimFit's published code (float32), at most, with `active` of its units updated. Per frozen block:
///   LayerNorm   2 x (0.1 hidden x 8 + 4)  a tenth of the values, each with a 32-bit index; standard deviations
///   attention   3 hidden + heads tokens   q, k, v and probabilities in 8 bits
///   GELU        mlp / 2                   4 bits
///   dropout     3 x hidden                masks on v, attention's output and the MLP's output
/// An active linear adds its input, 4 hidden (the second MLP layer: mlp in 8 bits), where q, k and v share one; an
/// active LayerNorm its whole input instead of a tenth. ViT adds its last LayerNorm, always active, and its output;
/// BERT the embedding LayerNorm and with dropout a mask.
inline double paper_code_float32(reference_shape const& s, double active) {
  double const norm = 0.8 * s.hidden + 4;
  double block = 2 * norm + 3 * s.hidden + s.heads * s.tokens + s.mlp / 2;
  if (s.dropout) { block += 3 * s.hidden; }
  double const linears = std::min(active, 4 * s.layers);
  double const norms = std::min(active - linears, 2 * s.layers);
  double const dynamic = linears * std::max(4 * s.hidden, s.mlp) + norms * (4 * s.hidden - norm);
  double const around = s.is_bert ? norm + (s.dropout ? s.hidden : 0) : 2 * 4 * s.hidden;
  return s.layers * block + around + dynamic;
}

}  // namespace examples
