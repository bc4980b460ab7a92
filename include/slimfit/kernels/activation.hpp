// SPDX-License-Identifier: MIT
// An activation function, forward and backward, with what the backward needs saved in the form that a stash type says.
#pragma once

#include <slimfit/stash/activation_stash.hpp>
#include <slimfit/stash/dense.hpp>

namespace slimfit::kernels {

/// One row: z = input + bias, output = f(z).
/// @tparam Activation the function f
/// @tparam Kept       view of an activation's stash or of `stash::none`: saves z or the derivative at z
/// @tparam KeptOutput view of a matrix stash: saves the output, which is the next linear layer's input
template <activation_function Activation, int Width, scalar T, class Kept,
          class KeptOutput = stash::none::kept<T, Width>>
struct activation_forward {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T const* bias;  ///< null: none
  T* output;      ///< may be `input`
  Kept kept{};
  KeptOutput kept_output{};

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto z = load<Width>(group, input + row * Width);
    if (bias != nullptr) {
      z = map([](auto x, auto b) { return x + b; }, z, load<Width>(group, bias));
    }
    auto h = z;
    constexpr bool codes_derivative = [] {
      if constexpr (requires { Kept::keeps_derivative; }) {
        return bool{Kept::keeps_derivative};
      } else {
        return false;
      }
    }();
    if constexpr (codes_derivative) {
      auto derivative = z;
      SLIMFIT_SIMD()
      for (int slot = 0; slot < decltype(z)::slots; ++slot) {
        auto const both = Activation::both(z.values[slot]);
        h.values[slot] = both.value;
        derivative.values[slot] = both.derivative;
      }
      kept.save(group, row, derivative);
    } else {
      kept.save(group, row, z);
      h = map([](auto v) { return Activation::both(v).value; }, z);
    }
    store(group, output + row * Width, h);
    kept_output.save(group, row, h);
  }
};

/// One row: input_gradient = output_gradient * f'(z).
/// @tparam Kept view of an activation's stash
template <int Width, scalar T, class Kept>
struct activation_backward {
  static constexpr int width = Width;
  using scalar_type = T;

  Kept kept;
  T const* output_gradient;
  T* input_gradient;  ///< may be `output_gradient`

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    store(group, input_gradient + row * Width,
          map([](auto d, auto slope) { return d * slope; }, load<Width>(group, output_gradient + row * Width),
              kept.derivative(group, row)));
  }
};

}  // namespace slimfit::kernels
