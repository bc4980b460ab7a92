// SPDX-License-Identifier: MIT
// Hyperbolic tangent of rows, forward and backward. The backward pass needs the output only: 1 - y^2.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// One row: output = tanh(input).
template <int Width, scalar T>
struct tanh_forward {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T* output;  ///< may be `input`

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    store(group, output + row * Width,
          map([](auto x) { return math::tanh(x); }, load<Width>(group, input + row * Width)));
  }
};

/// One row: input_gradient = output_gradient * (1 - output^2).
template <int Width, scalar T>
struct tanh_backward {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* output;
  T const* output_gradient;
  T* input_gradient;  ///< may be `output_gradient`

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    store(group, input_gradient + row * Width,
          map([](auto y, auto d) { return d * (1 - y * y); }, load<Width>(group, output + row * Width),
              load<Width>(group, output_gradient + row * Width)));
  }
};

}  // namespace slimfit::kernels
