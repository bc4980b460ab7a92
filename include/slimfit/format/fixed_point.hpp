// SPDX-License-Identifier: MIT
// Fixed-point formats, the paper's: a fixed range that needs no scale and clips what lies outside it. Clipped values
// are counted by `saturated`.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/format/elementwise.hpp>

namespace slimfit::format {

namespace detail {
template <int Integer, int Fraction>
struct checked_fixed_point {
  static_assert(Integer >= 0 && Fraction >= 0 && packable(Integer + Fraction + 1),
                "slimfit: fixed_point<I, F>: I + F + 1 bits must be 1, 2, 3, 4 or 8, e.g. fixed_point<3, 4>");
};
template <int Fraction>
struct checked_unsigned_fixed_point {
  static_assert(packable(Fraction), "slimfit: unsigned_fixed_point<F>: F must be 1, 2, 3, 4 or 8");
};
template <class T>
SLIMFIT_HD constexpr T clamp_or_lowest(T value, T lowest, T highest) {
  T const raised = value > lowest ? value : lowest;  // NaN becomes the lowest
  return raised < highest ? raised : highest;
}
}  // namespace detail

/// Signed, steps of 2^-F from -2^I to 2^I - 2^-F, rounded to nearest even and clamped; NaN becomes the lowest value.
/// Error at most half a step inside the range.
template <int Integer, int Fraction>
struct fixed_point : private detail::checked_fixed_point<Integer, Fraction>,
                     public elementwise<fixed_point<Integer, Fraction>, Integer + Fraction + 1> {
  static constexpr double step = 1.0 / (1 << Fraction);
  static constexpr int least = -(1 << (Integer + Fraction));
  static constexpr int greatest = (1 << (Integer + Fraction)) - 1;
  static constexpr int code_sign = 1 << (Integer + Fraction);

  template <class T>
  SLIMFIT_HD static constexpr std::uint8_t encode_value(T value) {
    return math::round_to_byte(detail::clamp_or_lowest(value * static_cast<T>(1 << Fraction), static_cast<T>(least),
                                                       static_cast<T>(greatest)));
  }
  template <class T>
  SLIMFIT_HD static constexpr T decode_value(std::uint8_t code) {
    return value_of(math::number_of_code<T>(code, code_sign), nullptr);
  }
  /// What a code stands for, as `math::number_of_code` gives it.
  template <class T>
  SLIMFIT_HD static constexpr T value_of(T number, bf16 const* /*scales*/) {
    return number * static_cast<T>(step);
  }
  /// Outside the range by more than rounding corrects, or NaN.
  template <class T>
  SLIMFIT_HD static constexpr bool outside(T value) {
    T const scaled = value * static_cast<T>(1 << Fraction);
    return !(scaled >= static_cast<T>(least) - T{0.5} && scaled <= static_cast<T>(greatest) + T{0.5});
  }
};

/// Unsigned, steps of 2^-F from 0 to 1 - 2^-F, for probabilities: rounded to nearest even and clamped.
template <int Fraction>
struct unsigned_fixed_point : private detail::checked_unsigned_fixed_point<Fraction>,
                              public elementwise<unsigned_fixed_point<Fraction>, Fraction> {
  static constexpr double step = 1.0 / (1 << Fraction);
  static constexpr int greatest = (1 << Fraction) - 1;

  template <class T>
  SLIMFIT_HD static constexpr std::uint8_t encode_value(T value) {
    return math::round_to_byte(
        detail::clamp_or_lowest(value * static_cast<T>(1 << Fraction), T{}, static_cast<T>(greatest)));
  }
  template <class T>
  SLIMFIT_HD static constexpr T decode_value(std::uint8_t code) {
    return math::number_of_code<T>(code) * static_cast<T>(step);
  }
  template <class T>
  SLIMFIT_HD static constexpr bool outside(T value) {
    T const scaled = value * static_cast<T>(1 << Fraction);
    return !(scaled >= T{-0.5} && scaled <= static_cast<T>(greatest) + T{0.5});
  }
};

}  // namespace slimfit::format
