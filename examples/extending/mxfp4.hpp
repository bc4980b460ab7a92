// SPDX-License-Identifier: MIT
// MXFP4 (OCP Microscaling Formats 1.0) as a format of one's own: 32 numbers share a power of two, of which 8 bits are
// kept, and each is a sign and 0, 0.5, 1, 1.5, 2, 3, 4 or 6 times that: 4.25 bits for a number.
#pragma once
#include <slimfit/slimfit.hpp>

#include <cmath>

struct mxfp4 : slimfit::format::scaled<mxfp4, 4, 32, std::uint8_t> {
  /// 127 + e for the scale 2^e; the largest element has the exponent 2. 255 is NaN.
  template <class T>
  SLIMFIT_HD static std::uint8_t scale_of(T largest) {
    if (std::isnan(largest)) { return 255; }
    int const exponent = largest > 0 ? std::ilogb(largest) - 2 : -127;
    return static_cast<std::uint8_t>(127 + (exponent < -127 ? -127 : exponent > 127 ? 127 : exponent));
  }
  template <class T>
  SLIMFIT_HD static T number_of(std::uint8_t scale) {
    return scale == 255 ? slimfit::math::quiet_nan<T> : std::ldexp(T{1}, scale - 127);
  }
  /// Rounds to the nearest, ties to the even code; what lies above 6 becomes 6.
  template <class T>
  SLIMFIT_HD static std::uint8_t encode_value(T scaled) {
    T const x = std::abs(scaled);
    int const code = (x > T{0.25F}) + (x >= T{0.75F}) + (x > T{1.25F}) + (x >= T{1.75F}) + (x > T{2.5F}) +
                     (x >= T{3.5F}) + (x > T{5});
    return static_cast<std::uint8_t>(code | (scaled < 0 ? 8 : 0));
  }
  template <class T>
  SLIMFIT_HD static T decode_value(std::uint8_t code) {
    int const level = code & 7;
    T const x = level < 4 ? static_cast<T>(level) / 2 : static_cast<T>(level < 7 ? level - 2 : 6);
    return (code & 8) != 0 ? -x : x;
  }
};
