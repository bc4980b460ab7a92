// SPDX-License-Identifier: MIT
// Elementary functions for the inner loops of kernels: branch-free, so that compilers vectorise them; on devices they
// are made of the device's own exponential and reciprocal. Float versions are accurate to a few units in the last
// place; double versions defer to the standard library, because double serves for reference and gradient checks.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <slimfit/core/config.hpp>

namespace slimfit::math {

template <class T>
inline constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T quiet_nan = std::numeric_limits<T>::quiet_NaN();
inline constexpr double inv_sqrt_2 = 0.70710678118654752440;
inline constexpr double inv_sqrt_2pi = 0.39894228040143267794;

/// Nearest integer, ties to even. Needs |x| < 2^22 (float) or 2^51 (double): adding 1.5 * 2^23 (2^52) leaves no bits
/// for the fraction.
SLIMFIT_HD_INLINE constexpr float round_to_even(float x) { return (x + 0x1.8p23F) - 0x1.8p23F; }
SLIMFIT_HD_INLINE constexpr double round_to_even(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

/// Low byte, in two's complement, of the nearest integer, ties to even. The same domain as `round_to_even`; any byte
/// for a NaN.
SLIMFIT_HD_INLINE constexpr std::uint8_t round_to_byte(float x) {
  return static_cast<std::uint8_t>(bit_cast<std::uint32_t>(x + 0x1.8p23F));
}
SLIMFIT_HD_INLINE constexpr std::uint8_t round_to_byte(double x) {
  return static_cast<std::uint8_t>(bit_cast<std::uint64_t>(x + 0x1.8p52));
}

/// The same of the nearest integer from 0 to `greatest`, at most 255. Sums with the constant are in order as integers,
/// of which processors take minima and maxima without regard to NaN.
template <class T>
SLIMFIT_HD_INLINE constexpr std::uint8_t round_to_byte(T x, int greatest) {
  using bits_type = std::conditional_t<std::is_same_v<T, float>, std::int32_t, std::int64_t>;
  constexpr T shift = std::is_same_v<T, float> ? static_cast<T>(0x1.8p23) : static_cast<T>(0x1.8p52);
  constexpr auto least = bit_cast<bits_type>(shift);
  auto const most = static_cast<bits_type>(least + greatest);
  auto const rounded = bit_cast<bits_type>(x + shift);
  auto const from_least = rounded > least ? rounded : least;
  return static_cast<std::uint8_t>(from_least < most ? from_least : most);
}

/// The number that a code stands for whose highest bit is `sign`, in two's complement (0: it has no sign). Devices make
/// a float of it by its place in the significand of 2^23: they convert integers at an eighth of the speed of additions.
template <class T>
SLIMFIT_HD_INLINE constexpr T number_of_code(std::uint8_t code, int sign = 0) {
#ifdef __CUDA_ARCH__
  if constexpr (std::is_same_v<T, float>) {
    auto const shifted = static_cast<std::uint32_t>(code) ^ static_cast<std::uint32_t>(sign);
    return bit_cast<float>(shifted | 0x4b000000U) - static_cast<float>((1 << 23) + sign);
  } else {
    return static_cast<T>((static_cast<int>(code) ^ sign) - sign);
  }
#else
  return static_cast<T>((static_cast<int>(code) ^ sign) - sign);
#endif
}

#ifdef __CUDACC__
/// The same for the bytes of a word: one instruction puts a byte in its place.
inline __device__ void numbers_of_bytes(std::uint32_t word, int sign, float (&numbers)[4]) {
  std::uint32_t const shifted = word ^ (static_cast<std::uint32_t>(sign) * 0x01010101U);
  auto const bias = static_cast<float>((1 << 23) + sign);
  numbers[0] = bit_cast<float>(__byte_perm(shifted, 0x4b000000U, 0x7540)) - bias;
  numbers[1] = bit_cast<float>(__byte_perm(shifted, 0x4b000000U, 0x7541)) - bias;
  numbers[2] = bit_cast<float>(__byte_perm(shifted, 0x4b000000U, 0x7542)) - bias;
  numbers[3] = bit_cast<float>(__byte_perm(shifted, 0x4b000000U, 0x7543)) - bias;
}
#endif

#ifdef __CUDACC__
namespace detail {
/// 2^x to two units in the last place, 0 below 2^-126; 1 / x to one, for |x| in [2^-126, 2^126]; the lesser number, NaN
/// where one of them is: an instruction each.
inline __device__ float exp2_instruction(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}
inline __device__ float inverse_instruction(float x) {
  float result;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}
inline __device__ float lesser_or_nan_instruction(float a, float b) {
  float result;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}
}  // namespace detail
#endif

/// a / b to two units in the last place, for |b| in [2^-126, 2^126]: on devices without the slow path of a division
/// that is rounded correctly.
SLIMFIT_HD_INLINE constexpr float quotient(float a, float b) {
#ifdef __CUDA_ARCH__
  if (!__builtin_is_constant_evaluated()) { return a * detail::inverse_instruction(b); }
#endif
  return a / b;
}

/// e^x. Relative error below 2e-7 on [-87, 88]; inf above, denormals and 0 below; NaN for NaN.
SLIMFIT_HD_INLINE constexpr float exp(float x) {
#ifdef __CUDA_ARCH__
  if (!__builtin_is_constant_evaluated()) { return expf(x); }
#endif
  x = x > 89.0F ? 89.0F : x;
  x = x < -104.0F ? -104.0F : x;
  float const shifted = x * 1.44269504F + 0x1.8p23F;
  float const n = shifted - 0x1.8p23F;
  float const r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;  // minimax on |r| <= ln(2) / 2: Cephes, expf
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  float const value = (p * r * r + r) + 1.0F;
  // 2^n in two factors, each of which is a normal number.
  auto const exponent = bit_cast<std::int32_t>(shifted) - bit_cast<std::int32_t>(0x1.8p23F);
  std::int32_t const half = exponent >> 1;
  auto const power = [](std::int32_t e) { return bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23U); };
  return value * power(half) * power(exponent - half);
}
SLIMFIT_HD_INLINE double exp(double x) { return std::exp(x); }

/// Hyperbolic tangent; absolute error below 2e-7.
SLIMFIT_HD_INLINE constexpr float tanh(float x) {
  float const magnitude = x < 0.0F ? -x : x;
  float const bounded = magnitude > 10.0F ? 10.0F : magnitude;
  float const z = x * x;
  float p = -5.70498872745e-3F;  // |x| < 0.625: Cephes, tanhf
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  float const near_zero = p * z * magnitude + magnitude;
  float const away = 1.0F - quotient(2.0F, exp(2.0F * bounded) + 1.0F);
  float const value = magnitude < 0.625F ? near_zero : away;
  return x < 0.0F ? -value : value;
}
SLIMFIT_HD_INLINE double tanh(double x) { return std::tanh(x); }

/// What the distribution function of N(0, 1) and GELU are made of, for a = |x|.
template <class T>
struct normal_tail {
  T distance;  ///< |x|; for float at most 12.5, where the tail is below 1e-35
  T density;   ///< phi(distance)
  T tail;      ///< Phi(-distance)
};

/// exp(-a^2 / 2) for 0 <= a <= 12.5. Relative error below 3e-7; on devices below 2e-7 + 6e-8 a^2.
SLIMFIT_HD_INLINE constexpr float exp_of_half_square(float a) {
#ifdef __CUDA_ARCH__
  if (!__builtin_is_constant_evaluated()) { return detail::exp2_instruction(a * a * -0.721347520F); }
#endif
  return exp(-0.5F * a * a);
}
/// |x|, at most `limit`; NaN for NaN.
SLIMFIT_HD_INLINE constexpr float bounded_magnitude(float x, float limit) {
#ifdef __CUDA_ARCH__
  if (!__builtin_is_constant_evaluated()) { return detail::lesser_or_nan_instruction(fabsf(x), limit); }
#endif
  float const a = x < 0.0F ? -x : x;
  return a > limit ? limit : a;
}

/// Float: exp(-a^2 / 2) times a rational function that fits the Mills ratio to 5e-9 relative. So one exponential serves
/// both the density and the tail, and the tail keeps its relative accuracy; all coefficients are positive: no
/// cancellation.
SLIMFIT_HD_INLINE constexpr normal_tail<float> tail_of(float x) {
  float const a = bounded_magnitude(x, 12.5F);
  float const e = exp_of_half_square(a);
  float p = 0.003958686114066091F;
  p = p * a + 0.03956601562803531F;
  p = p * a + 0.18005924499936982F;
  p = p * a + 0.4339895814065999F;
  p = p * a + 0.5F;
  float q = 0.009922794261510033F;
  q = q * a + 0.09918533276956704F;
  q = q * a + 0.4610883704263514F;
  q = q * a + 1.1892819417710245F;
  q = q * a + 1.6658640454613978F;
  q = q * a + 1.0F;
  return {a, e * static_cast<float>(inv_sqrt_2pi), e * quotient(p, q)};
}
SLIMFIT_HD_INLINE normal_tail<double> tail_of(double x) {
  double a = x < 0.0 ? -x : x;
  a = a > 40.0 ? 40.0 : a;
  return {a, std::exp(-0.5 * a * a) * inv_sqrt_2pi, 0.5 * std::erfc(a * inv_sqrt_2)};
}

/// Distribution function of N(0, 1): (1 + erf(x / sqrt 2)) / 2. Float: absolute error below 1.3e-7, two units in the
/// last place of 1.
template <class T>
SLIMFIT_HD_INLINE constexpr T normal_cdf(T x) {
  T const tail = tail_of(x).tail;
  return x > T{} ? T{1} - tail : tail;
}

/// A function's value and derivative.
template <class T>
struct value_and_derivative {
  T value;
  T derivative;
};

/// GELU, x Phi(x) (Hendrycks and Gimpel, arXiv 1606.08415, the exact form), and its derivative Phi(x) + x phi(x).
/// Right for all x: 0 and 0 at -inf, inf and 1 at inf, NaN for NaN.
template <class T>
SLIMFIT_HD_INLINE constexpr value_and_derivative<T> gelu_with_derivative(T x) {
  auto const [a, density, tail] = tail_of(x);
  T const falling = tail - a * density;  // the derivative at -a; at a it is one minus this
  return {(x > T{} ? x : T{}) - a * tail, x > T{} ? T{1} - falling : falling};
}
/// x times the probability that a standard normal number is below it.
template <class T>
SLIMFIT_HD_INLINE constexpr T gelu(T x) {
  return gelu_with_derivative(x).value;
}
/// The derivative of `gelu`.
template <class T>
SLIMFIT_HD_INLINE constexpr T gelu_derivative(T x) {
  return gelu_with_derivative(x).derivative;
}

}  // namespace slimfit::math
