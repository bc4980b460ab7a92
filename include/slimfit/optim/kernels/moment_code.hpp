// SPDX-License-Identifier: MIT
// Eight bits for a moment: block-wise codes as of Dettmers et al., "8-bit optimizers via block-wise quantization"
// (arXiv 2110.02861). Their table of numbers is one of floats' own here, so that coding is arithmetic that vectorises.
#pragma once

#include <cstdint>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Elements that share a scale.
inline constexpr index_t moment_block = 256;

/// Codes of numbers relative to the largest of their block. Code `c` has magnitude `2^(c / 8) (1 + c % 8 / 8) - 1`:
/// steps grow with the magnitude, from 1/8 at 0 to between 1/15 and 1/8 of it, and 0 is a code. That is the float 1
/// with `c` added to its upper bits, minus 1.
///
/// Rounding is stochastic. An average that moves by `1 - beta` of a difference in a step would otherwise stay where it
/// is until that is half a step of the code: second moments (beta 0.999) would follow nothing but differences above 30
/// times themselves. Rounded so, codes have the right expectation.
///
/// @tparam Signed first moments: a sign and 7 bits, down to 2e-6 of the largest. Else, second moments: 8 bits, down to
///                3e-11 of the largest; what is above 0 never becomes 0, since a step divides by its root.
template <bool Signed>
struct moment_code {
  static constexpr std::uint32_t last = Signed ? 127U : 255U;

  [[nodiscard]] SLIMFIT_HD_INLINE static constexpr float magnitude(std::uint32_t code) {
    return bit_cast<float>(one + (code << shift)) - 1.0F;
  }
  static constexpr float largest = Signed ? 0x1.ep15F - 1.0F : 0x1.ep31F - 1.0F;  ///< magnitude of `last`

  /// The number of a code, relative to a scale.
  [[nodiscard]] SLIMFIT_HD_INLINE static constexpr float decode(std::uint8_t code) {
    std::uint32_t const word = code;
    if constexpr (Signed) {
      return bit_cast<float>(bit_cast<std::uint32_t>(magnitude(word & 127U)) | (word & 128U) << 24U);
    } else {
      return magnitude(word);
    }
  }
  /// @param number relative to a scale, at most `largest` but for rounding
  /// @param noise 16 uniform bits in the low half
  [[nodiscard]] SLIMFIT_HD_INLINE static constexpr std::uint8_t encode(float number, std::uint32_t noise) {
    auto const bits = bit_cast<std::uint32_t>(number);
    std::uint32_t const positive = bits & 0x7fffffffU;
    std::uint32_t const dither = (noise & 0xffffU) << (shift - 16U);
    std::uint32_t const code =
        lesser((bit_cast<std::uint32_t>(bit_cast<float>(positive) + 1.0F) - one + dither) >> shift, last);
    if constexpr (Signed) {
      return static_cast<std::uint8_t>(code | (bits & 0x80000000U) >> 24U);
    } else {
      return static_cast<std::uint8_t>(greater(code, lesser(positive, 1U)));
    }
  }

  /// The scale of a block, and what numbers are multiplied by to be relative to it.
  struct scale {
    float value;
    float inverse;
  };
  /// @param bits of the largest magnitude of a block. Those of infinities and NaNs are the largest of all; the scale is
  ///             not finite then, and every number of the block that is read back neither.
  [[nodiscard]] SLIMFIT_HD_INLINE static constexpr scale scale_of(std::uint32_t bits) {
    // At least 2^-90, so that scale, inverse and the smallest code are normal floats.
    float const bound = bit_cast<float>(greater(bits, std::uint32_t{(127U - 90U) << 23U}));
    return {bound / largest, largest / bound};
  }

 private:
  static constexpr std::uint32_t one = 0x3f800000U;
  static constexpr std::uint32_t shift = 20;
};

}  // namespace slimfit
