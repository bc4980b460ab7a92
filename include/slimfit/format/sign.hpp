// SPDX-License-Identifier: MIT
// Symmetric codes of one bit: the sign, and for each group of elements their mean magnitude, which is the number with
// the least mean squared error.
#pragma once

#include <slimfit/format/grouped.hpp>

namespace slimfit::format {

namespace detail {
template <int Bits, int Group, class Rounding>
struct checked_symmetric {
  static_assert(packable(Bits), "slimfit: symmetric<Bits, Group>: Bits must be 1, 2, 3, 4 or 8");
  static_assert(Bits != 1 || !Rounding::draws_random, "slimfit: symmetric<1, Group>: Rounding must be nearest");
  static_assert(is_scale_group(Group), "slimfit: symmetric<Bits, Group>: Group must be a power of two from 8, e.g. 64");
};
}  // namespace detail

/// With more bits: see symmetric.hpp.
template <int Bits, int Group = 64, class Rounding = nearest>
struct symmetric;

/// value = scale where it is not negative, else -scale; scale is the group's mean magnitude, rounded to bf16. A group
/// with an inf or a NaN is restored as NaN throughout, one of magnitudes below 2^-100 as zeros.
template <int Group>
struct symmetric<1, Group, nearest> : private detail::checked_symmetric<1, Group, nearest> {
  static constexpr int bits = 1;
  static constexpr int scale_group = Group;
  static constexpr bool draws_random = false;
  SLIMFIT_HD static constexpr index_t code_bytes(index_t width) { return packed_bytes(width, 1); }
  SLIMFIT_HD static constexpr index_t scale_count(index_t width) { return divide_up(width, Group); }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static void encode(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes, bf16* scales) {
    auto const code = [&](detail::group_part part, std::uint8_t* bytes) {
      T const mean = mean_magnitude(group, values, part);
      detail::write_codes(
          group, values, part, bytes, [](T value) { return value; },
          [](T value, int) { return value >= T{} ? std::uint8_t{1} : std::uint8_t{0}; });
      return bf16{static_cast<float>(mean)};
    };
    detail::encode_groups<1, Group, bf16>(group, values, codes, code,
                                          [scales](int index, bf16 scale) { scales[index] = scale; });
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static tile<T, Width, Lanes> decode(Lanes group, std::byte const* codes, bf16 const* scales) {
    return detail::decode_groups<1, Group, bf16, T, Width>(
        group, codes, [scales](int index) { return scales[index]; },
        [](bf16 stored) {
          return [scale = static_cast<T>(static_cast<float>(stored))](std::uint8_t code) {
            return code != 0 ? scale : -scale;
          };
        });
  }

 private:
  /// NaN where a magnitude is not finite.
  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD_INLINE static T mean_magnitude(Lanes group, tile<T, Width, Lanes> const& values, detail::group_part part) {
    using tile_type = tile<T, Width, Lanes>;
    using layout = detail::scale_layout<Group, tile_type>;
    int const lane = group.lane();
    auto const largest = detail::largest_magnitude<Group>(group, values, part);
    bool const finite = largest < detail::infinity_key<T>;
    bool const nonzero = finite && slimfit::bit_cast<T>(largest) > T{0x1p-100F};
    // Summed as integers, steps of the largest: exact in any order, so the same on every group.
    T const inverse = nonzero ? static_cast<T>(steps) / slimfit::bit_cast<T>(largest) : T{};
    std::int32_t total = 0;
    SLIMFIT_SIMD(reduction(+ : total))
    for (int i = 0; i < part.count; ++i) {
      bool const summed = nonzero && tile_type::holds(lane, part.first + i);
      T const value = summed ? values.values[part.first + i] : T{};
      total += static_cast<std::int32_t>((value < 0 ? -value : value) * inverse + T{0.5});
    }
    total = group.template reduce<layout::lanes>(total, plus{});
    int const index = layout::group_of(lane, part.number);
    int const members = Width - index * Group < Group ? Width - index * Group : Group;
    T const mean = nonzero ? static_cast<T>(total) / (inverse * static_cast<T>(members)) : T{};
    return finite ? mean : static_cast<T>(math::quiet_nan<float>);
  }

  static constexpr int steps = Group < (1 << 14) ? 1 << 16 : (1 << 30) / Group;
};

}  // namespace slimfit::format
