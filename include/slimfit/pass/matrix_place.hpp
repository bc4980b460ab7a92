// SPDX-License-Identifier: MIT
// Names the matrices that a model keeps: saturation is counted, and numbers are drawn, for each by itself.
#pragma once

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Which of a layer's matrices.
enum class layer_matrix : unsigned char {
  input,       ///< a linear layer's input
  gelu,        ///< GELU's input: the output of the linear layer before it
  query,       ///< attention's operands: the output of the linear layer that makes them
  key,         ///<
  value,       ///<
  normalized,  ///< rows that layer normalisation keeps
  block_input  ///< what a recomputed block begins with; has no counter
};
/// The matrices whose saturation is counted.
using saturated_matrix = layer_matrix;
inline constexpr int saturated_matrix_count = 6;

/// A matrix: which one, and the position of the weight of the layer that it belongs to; of a block its first
/// parameter's.
struct matrix_place {
  int position = -1;  ///< -1: of a layer outside a model
  layer_matrix matrix = layer_matrix::input;

  /// Number of its counter.
  [[nodiscard]] constexpr index_t counter() const {
    return index_t{position} * saturated_matrix_count + static_cast<index_t>(matrix);
  }
  /// Place of the random numbers by which it is rounded: apart from those of dropout, optimizers and schedules.
  [[nodiscard]] constexpr std::uint32_t random_place() const {
    constexpr std::uint32_t places = 0x20000000U;
    constexpr std::uint32_t matrices = 8;
    return places + static_cast<std::uint32_t>(position) * matrices + static_cast<std::uint32_t>(matrix);
  }
};

}  // namespace slimfit
