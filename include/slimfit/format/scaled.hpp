// SPDX-License-Identifier: MIT
// Formats with one scale for each group of elements, of which a user writes what the scale and the codes are: the row
// is cut into groups, their magnitudes are found, and codes and scales are packed by the library.
#pragma once

#include <slimfit/format/grouped.hpp>

namespace slimfit::format {

namespace detail {
template <int Bits, int Group, class Scale>
struct checked_scaled {
  static_assert(packable(Bits), "slimfit: scaled<Format, Bits, Group>: Bits must be 1, 2, 3, 4 or 8");
  static_assert(is_scale_group(Group),
                "slimfit: scaled<Format, Bits, Group>: Group must be a power of two from 8, e.g. 32");
  static_assert(std::same_as<Scale, bf16> || std::same_as<Scale, std::uint8_t> || std::same_as<Scale, std::uint16_t>,
                "slimfit: scaled<Format, Bits, Group, Scale>: Scale must be bf16, std::uint8_t or std::uint16_t");
};

/// Scales in bf16 lie in the order of their groups, so that groups can be decoded alone.
template <int Group, class Scale>
struct order_of_scales {};
template <int Group>
struct order_of_scales<Group, bf16> {
  static constexpr int scale_group = Group;
};
}  // namespace detail

/// Base of a format `Format` (itself) that has
/// - `static Scale scale_of(T largest)`: the scale of a group whose greatest magnitude is `largest`, or where `largest`
///    is NaN of a group with an inf or a NaN: `number_of` that should be NaN then, so that the error stays visible;
/// - `template <class T> static T number_of(Scale)`: what values are divided by; not 0, and its inverse not infinite.
///    With scales in bf16 it may be left out;
/// - `static std::uint8_t encode_value(T scaled)`: the code of a value that was divided by its scale;
/// - `template <class T> static T decode_value(std::uint8_t code)`: what the scale is multiplied by.
/// T is float or double. All of them are marked SLIMFIT_HD, without which they do not compile for CUDA.
/// @tparam Group elements that share a scale: 8, 16, 32, ...
/// @tparam Scale bf16, std::uint8_t or std::uint16_t: what is stored of a scale
template <class Format, int Bits, int Group, class Scale = bf16>
struct scaled : private detail::checked_scaled<Bits, Group, Scale>, public detail::order_of_scales<Group, Scale> {
  static constexpr int bits = Bits;
  static constexpr int elements_per_scale = Group;
  using scaled_format = Format;
  using scale_type = Scale;
  SLIMFIT_HD static constexpr index_t code_bytes(index_t width) { return packed_bytes(width, Bits); }
  /// Room for the scales in numbers of two bytes, which is how rows of scales are stored.
  SLIMFIT_HD static constexpr index_t scale_count(index_t width) {
    return divide_up(divide_up(width, Group) * static_cast<index_t>(sizeof(Scale)), 2);
  }

  template <class T>
  SLIMFIT_HD static T number_of(bf16 scale) {
    return static_cast<T>(static_cast<float>(scale));
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static void encode(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes, bf16* scales) {
    auto const code = [&](detail::group_part part, std::uint8_t* bytes) {
      auto const largest = detail::largest_magnitude<Group>(group, values, part);
      bool const finite = largest < detail::infinity_key<T>;
      Scale const scale = Format::scale_of(finite ? slimfit::bit_cast<T>(largest) : math::quiet_nan<T>);
      T const inverse = T{1} / Format::template number_of<T>(scale);
      detail::write_codes(
          group, values, part, bytes, [inverse](T value) { return value * inverse; },
          [](T each, int /*slot*/) { return static_cast<std::uint8_t>(Format::encode_value(each)); });
      return scale;
    };
    auto* const target = reinterpret_cast<Scale*>(scales);
    detail::encode_groups<Bits, Group, Scale>(group, values, codes, code,
                                              [target](int index, Scale scale) { target[index] = scale; });
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static tile<T, Width, Lanes> decode(Lanes group, std::byte const* codes, bf16 const* scales) {
    auto const* const source = reinterpret_cast<Scale const*>(scales);
    return detail::decode_groups<Bits, Group, Scale, T, Width>(
        group, codes, [source](int index) { return source[index]; },
        [](Scale stored) {
          return [scale = Format::template number_of<T>(stored)](std::uint8_t code) {
            return Format::template decode_value<T>(code) * scale;
          };
        });
  }
};

}  // namespace slimfit::format
