// SPDX-License-Identifier: MIT
// Symmetric codes: each group of elements has one scale, zero is exact, and the largest magnitude is reached.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/format/grouped.hpp>
#include <slimfit/format/sign.hpp>

namespace slimfit::format {

/// value = code * scale, code in [-(2^(Bits-1) - 1), 2^(Bits-1) - 1], scale in bf16 for each `Group` elements, rounded
/// up so that nothing clips: scale <= (1 + 2^-7) max|x| / (2^(Bits-1) - 1). The error is at most scale / 2
/// (`stochastic`: scale). A group with an inf or a NaN is restored as NaN throughout. With 1 bit: see sign.hpp.
/// @tparam Rounding nearest or stochastic
template <int Bits, int Group, class Rounding>
struct symmetric : private detail::checked_symmetric<Bits, Group, Rounding> {
  static constexpr int bits = Bits;
  static constexpr int scale_group = Group;
  static constexpr int code_sign = 1 << (Bits - 1);
  static constexpr int greatest = (1 << (Bits - 1)) - 1;
  static constexpr bool draws_random = Rounding::draws_random;
  SLIMFIT_HD static constexpr index_t code_bytes(index_t width) { return packed_bytes(width, Bits); }
  SLIMFIT_HD static constexpr index_t scale_count(index_t width) { return divide_up(width, Group); }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static void encode(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes,
                                bf16* scales) requires(!draws_random) {
    encode_with(group, values, codes, scales, [](T scaled, int) { return math::round_to_byte(scaled); });
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static void encode(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes, bf16* scales,
                                random_stream const& stream, index_t row) requires(draws_random) {
    encode_with(group, values, codes, scales,
                detail::stochastic_rounding<greatest, T, Width, Lanes>(group, stream, row));
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static tile<T, Width, Lanes> decode(Lanes group, std::byte const* codes, bf16 const* scales) {
    return detail::decode_groups<Bits, Group, bf16, T, Width>(
        group, codes, [scales](int index) { return scales[index]; },
        [](bf16 stored) {
          return [scale = static_cast<T>(static_cast<float>(stored))](std::uint8_t code) {
            return math::number_of_code<T>(code, code_sign) * scale;
          };
        });
  }

  /// What a code stands for, as `math::number_of_code` gives it.
  template <class T>
  SLIMFIT_HD static constexpr T value_of(T number, bf16 const* scales) {
    return number * static_cast<T>(static_cast<float>(scales[0]));
  }

 private:
  template <class T, int Width, lane_group Lanes, class Round>
  SLIMFIT_HD static void encode_with(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes, bf16* scales,
                                     Round const& round) {
    auto const code = [&](detail::group_part part, std::uint8_t* bytes) {
      bf16 const scale = scale_of<T>(detail::largest_magnitude<Group>(group, values, part));
      T const inverse = T{1} / static_cast<T>(static_cast<float>(scale));
      detail::write_codes(
          group, values, part, bytes, [inverse](T value) { return value * inverse; }, round);
      return scale;
    };
    detail::encode_groups<Bits, Group, bf16>(group, values, codes, code,
                                             [scales](int index, bf16 scale) { scales[index] = scale; });
  }

  template <class T>
  SLIMFIT_HD static bf16 scale_of(detail::key_type<T> largest) {
    T const exact = slimfit::bit_cast<T>(largest) / static_cast<T>(greatest);
    auto step = static_cast<float>(exact);
    if (static_cast<T>(step) < exact) { step += step * 0x1p-23F; }  // narrowing from double rounded down
    bf16 const scale = detail::round_up_to_bf16(step > 0x1p-120F ? step : 0x1p-120F);  // keeps the inverse finite
    return largest < detail::infinity_key<T> ? scale : bf16{math::quiet_nan<float>};
  }
};

}  // namespace slimfit::format
