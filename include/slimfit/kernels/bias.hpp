// SPDX-License-Identifier: MIT
// Adds a bias to every row. Gradients of biases are column sums: see row_blocks.hpp.
#pragma once

#include <slimfit/kernels/row_blocks.hpp>

namespace slimfit::kernels {

/// One row: output = bias, or source row + bias.
template <int Width, scalar T>
struct broadcast_bias {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* bias;
  T const* source;  ///< null: the bias alone; may be `output`
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const b = load<Width>(group, bias);
    if (source == nullptr) {
      store(group, output + row * Width, b);
    } else {
      store(group, output + row * Width,
            map([](auto x, auto y) { return x + y; }, load<Width>(group, source + row * Width), b));
    }
  }
};

}  // namespace slimfit::kernels
