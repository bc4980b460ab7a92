// SPDX-License-Identifier: MIT
// LayerScale (Touvron et al., "Going deeper with image transformers", 2021): each column of a linear's output times a
// number of its own, forward and backward.
#pragma once

#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// One row: output = input * scale, or addend + input * scale.
template <int Width, scalar T>
struct scale_columns {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T const* scale;
  T const* addend;  ///< null for none; may be `output`
  T* output;        ///< may be `input`

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const scaled =
        map([](auto x, auto s) { return x * s; }, load<Width>(group, input + row * Width), load<Width>(group, scale));
    if (addend == nullptr) {
      store(group, output + row * Width, scaled);
    } else {
      store(group, output + row * Width,
            map([](auto x, auto a) { return x + a; }, scaled, load<Width>(group, addend + row * Width)));
    }
  }
};

/// One row of a linear's weight (a column of its output): from the gradients of weight and bias as if there were no
/// scale, that of the scale, weight . dweight + bias * dbias. Then those two are scaled in place.
template <int Width, scalar T>
struct layer_scale_gradients {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* scale;
  T const* weight;
  T const* bias;
  T* weight_gradient;
  T* bias_gradient;
  T* scale_gradient;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    using value_type = compute_type<T>;
    auto const unscaled = load<Width>(group, weight_gradient + row * Width);
    auto const total = sum(
        group, [](auto w, auto g) { return w * g; }, load<Width>(group, weight + row * Width), unscaled);
    auto const factor = static_cast<value_type>(scale[row]);
    store(group, weight_gradient + row * Width, map([factor](auto g) { return factor * g; }, unscaled));
    if (group.lane() == 0) {
      auto const from_bias = static_cast<value_type>(bias_gradient[row]);
      scale_gradient[row] = static_cast<T>(total + static_cast<value_type>(bias[row]) * from_bias);
      bias_gradient[row] = static_cast<T>(factor * from_bias);
    }
  }
};

}  // namespace slimfit::kernels
