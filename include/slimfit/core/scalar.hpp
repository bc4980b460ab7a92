// SPDX-License-Identifier: MIT
// Scalar types of tensors. `bf16` is storage only: arithmetic is in float.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// bfloat16: the upper half of a float. Conversion from float rounds to nearest even.
struct bf16 {
  std::uint16_t bits = 0;

  constexpr bf16() = default;
  SLIMFIT_HD constexpr explicit bf16(float value) {
#ifdef __CUDA_ARCH__
    if (!__builtin_is_constant_evaluated()) {
      asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
      return;
    }
#endif
    auto const word = bit_cast<std::uint32_t>(value);
    bool const nan = (word & 0x7fffffffU) > 0x7f800000U;
    auto const rounded = word + 0x7fffU + ((word >> 16U) & 1U);
    bits = static_cast<std::uint16_t>((nan ? (word | 0x400000U) : rounded) >> 16U);
  }
  SLIMFIT_HD constexpr explicit operator float() const {
    return bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
  }
};

/// Rounds up with the probability that makes the expectation exact: small updates of bf16 weights are not lost on
/// average, while rounding to nearest would drop them all.
/// @param noise 16 uniform bits in the low half
SLIMFIT_HD constexpr bf16 round_stochastically(float value, std::uint32_t noise) {
  auto const word = slimfit::bit_cast<std::uint32_t>(value);
  bool const finite = (word & 0x7f800000U) != 0x7f800000U;
  if (!finite) { return bf16(value); }
  bf16 result;
  result.bits = static_cast<std::uint16_t>((word + (noise & 0xffffU)) >> 16U);
  return result;
}

/// IEEE half precision, for files: 11 bits of significand, largest value 65504. Rounds to nearest even.
struct float16 {
  std::uint16_t bits = 0;

  constexpr float16() = default;
  constexpr explicit float16(float value) {
    auto const word = bit_cast<std::uint32_t>(value);
    auto const sign = static_cast<std::uint16_t>((word >> 16U) & 0x8000U);
    auto const magnitude = word & 0x7fffffffU;
    if (magnitude > 0x7f800000U) {
      bits = sign | 0x7e00U;
    } else if (magnitude >= 0x477ff000U) {  // rounds to 65536 or more
      bits = sign | 0x7c00U;
    } else if (magnitude >= 0x38800000U) {  // normal
      auto const rebased = magnitude - 0x38000000U;
      bits = static_cast<std::uint16_t>(sign | ((rebased + 0xfffU + ((rebased >> 13U) & 1U)) >> 13U));
    } else {  // subnormal: adding 0.5 aligns the significand to steps of 2^-24 and rounds it
      auto const aligned = bit_cast<float>(magnitude) + 0.5F;
      bits = static_cast<std::uint16_t>(sign | (bit_cast<std::uint32_t>(aligned) - 0x3f000000U));
    }
  }
  constexpr explicit operator float() const {
    auto const sign = (bits & 0x8000U) << 16U;
    std::uint32_t const magnitude = bits & 0x7fffU;
    if (magnitude >= 0x7c00U) { return bit_cast<float>(sign | 0x7f800000U | ((magnitude & 0x3ffU) << 13U)); }
    if (magnitude >= 0x400U) { return bit_cast<float>(sign | ((magnitude << 13U) + 0x38000000U)); }
    auto const value = static_cast<float>(magnitude) * 0x1p-24F;
    return sign != 0U ? -value : value;
  }
};

/// What a tensor's elements may be.
template <class T>
concept scalar = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, bf16>;

namespace detail {
template <class T>
struct compute {
  using type = T;
};
template <>
struct compute<bf16> {
  using type = float;
};
}  // namespace detail

/// Type in which arithmetic on `T` is done.
template <scalar T>
using compute_type = typename detail::compute<T>::type;

}  // namespace slimfit
