// SPDX-License-Identifier: MIT
// Activation functions. A program's own is such a type too: `both(x)` gives the value and the derivative, of `float`
// and of `double`, and must be callable on devices (SLIMFIT_HD); `name` is for records of memory.
#pragma once

#include <concepts>

#include <slimfit/core/math.hpp>

namespace slimfit {

template <class A>
concept activation_function = requires(float x, double y) {
  { A::name } -> std::convertible_to<char const*>;
  { A::both(x) } -> std::same_as<math::value_and_derivative<float>>;
  { A::both(y) } -> std::same_as<math::value_and_derivative<double>>;
};

namespace activation {

/// x Phi(x), see math::gelu_with_derivative.
struct gelu {
  static constexpr char const* name = "GELU";
  template <class T>
  SLIMFIT_HD_INLINE static constexpr math::value_and_derivative<T> both(T x) {
    return math::gelu_with_derivative(x);
  }
};

/// x / (1 + exp(-x)) (Elfwing et al., arXiv 1702.03118; "swish").
struct silu {
  static constexpr char const* name = "SiLU";
  template <class T>
  SLIMFIT_HD_INLINE static math::value_and_derivative<T> both(T x) {
    T const share = T{1} / (T{1} + math::exp(-x));
    return {x * share, share * (T{1} + x * (T{1} - share))};
  }
};

}  // namespace activation

}  // namespace slimfit
