// SPDX-License-Identifier: MIT
// Affine codes: each group of elements has its own smallest value and step, so that nothing clips whatever the range.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/format/grouped.hpp>

namespace slimfit::format {

namespace detail {
template <int Bits, int Group>
struct checked_affine {
  static_assert(packable(Bits), "slimfit: affine<Bits, Group>: Bits must be 1, 2, 3, 4 or 8");
  static_assert(is_scale_group(Group), "slimfit: affine<Bits, Group>: Group must be a power of two from 8, e.g. 64");
};
}  // namespace detail

/// value = zero + code * scale, with zero and scale in bf16 for each `Group` elements. `nearest`: the group's range is
/// cut into 2^Bits cells, and a code stands for the middle of one: the error is at most scale / 2 everywhere, and 6, 12
/// or 25 % (4, 3 or 2 bits) smaller in the mean of a normal distribution than with codes at both ends. `stochastic`:
/// the codes reach the smallest and the largest value, without which rounding would be biased there; the error is at
/// most scale. zero is rounded down and scale up, so that nothing clips. A group with an inf or a NaN is restored as
/// NaN throughout, so that the error stays visible. Layout of scales: zero, scale of group 0, zero, scale of group 1,
/// ...
/// @tparam Rounding nearest or stochastic
template <int Bits, int Group = 64, class Rounding = nearest>
struct affine : private detail::checked_affine<Bits, Group> {
  static constexpr int bits = Bits;
  static constexpr int scale_group = Group;
  static constexpr int code_sign = 0;
  static constexpr int greatest = (1 << Bits) - 1;
  static constexpr bool draws_random = Rounding::draws_random;
  SLIMFIT_HD static constexpr index_t code_bytes(index_t width) { return packed_bytes(width, Bits); }
  SLIMFIT_HD static constexpr index_t scale_count(index_t width) { return 2 * divide_up(width, Group); }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static void encode(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes,
                                bf16* scales) requires(!draws_random) {
    encode_with(group, values, codes, scales, [](T scaled, int) {
      // Both ends lie half a step beyond the first and the last code.
      return math::round_to_byte(scaled, greatest);
    });
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static void encode(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes, bf16* scales,
                                random_stream const& stream, index_t row) requires(draws_random) {
    encode_with(group, values, codes, scales,
                detail::stochastic_rounding<greatest, T, Width, Lanes>(group, stream, row));
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static tile<T, Width, Lanes> decode(Lanes group, std::byte const* codes, bf16 const* scales) {
    auto const read = [scales](int index) { return read_scales<Lanes>(scales + 2 * index); };
    return detail::decode_groups<Bits, Group, zero_and_scale, T, Width>(group, codes, read, [](zero_and_scale stored) {
      return [zero = static_cast<T>(static_cast<float>(stored.zero)),
              scale = static_cast<T>(static_cast<float>(stored.scale))](std::uint8_t code) {
        return zero + math::number_of_code<T>(code) * scale;
      };
    });
  }

  /// What a code stands for, as `math::number_of_code` gives it.
  template <class T>
  SLIMFIT_HD static constexpr T value_of(T number, bf16 const* scales) {
    return static_cast<T>(static_cast<float>(scales[0])) + number * static_cast<T>(static_cast<float>(scales[1]));
  }

 private:
  struct zero_and_scale {
    bf16 zero;
    bf16 scale;
  };
  /// Both numbers of a scale group, as one access where lanes share the row.
  template <lane_group Lanes>
  SLIMFIT_HD_INLINE static zero_and_scale read_scales(bf16 const* source) {
    if constexpr (Lanes::size == 1) {
      return {source[0], source[1]};
    } else {
      auto const both = load_run<2>(source);
      return {both.values[0], both.values[1]};
    }
  }
  template <lane_group Lanes>
  SLIMFIT_HD_INLINE static void write_scales(bf16* target, zero_and_scale stored) {
    if constexpr (Lanes::size == 1) {
      target[0] = stored.zero;
      target[1] = stored.scale;
    } else {
      store_global_run(target, element_run<bf16, 2>{{stored.zero, stored.scale}});
    }
  }

  template <class T, int Width, lane_group Lanes, class Round>
  SLIMFIT_HD static void encode_with(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes, bf16* scales,
                                     Round const& round) {
    auto const write = [scales](int index, zero_and_scale stored) {
      write_scales<Lanes>(scales + index_t{2} * index, stored);
    };
    auto const code = [&](detail::group_part part, std::uint8_t* bytes) {
      auto const stored = parameters_of(group, values, part);
      auto const zero = static_cast<T>(static_cast<float>(stored.zero));
      T const inverse = T{1} / static_cast<T>(static_cast<float>(stored.scale));
      detail::write_codes(
          group, values, part, bytes, [zero, inverse](T value) { return (value - zero) * inverse; }, round);
      return stored;
    };
    detail::encode_groups<Bits, Group, zero_and_scale>(group, values, codes, code, write);
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD_INLINE static zero_and_scale parameters_of(Lanes group, tile<T, Width, Lanes> const& values,
                                                        detail::group_part part) {
    using tile_type = tile<T, Width, Lanes>;
    using key = detail::key_type<T>;
    int const lane = group.lane();
    key low = detail::greatest_key<T>;
    key high = detail::least_key<T>;
    // As integers, minimum and maximum are exact in any order and see NaN, without slow float semantics.
    SLIMFIT_SIMD(reduction(min : low) reduction(max : high))
    for (int i = 0; i < part.count; ++i) {
      key const bits_of_value = detail::ordered_bits<T>(slimfit::bit_cast<key>(values.values[part.first + i]));
      bool const held = tile_type::holds(lane, part.first + i);
      key const for_low = held ? bits_of_value : detail::greatest_key<T>;
      key const for_high = held ? bits_of_value : detail::least_key<T>;
      low = for_low < low ? for_low : low;
      high = for_high > high ? for_high : high;
    }
    constexpr int lanes = detail::scale_layout<Group, tile_type>::lanes;
    return parameters<T>(group.template reduce<lanes>(low, minimum{}), group.template reduce<lanes>(high, maximum{}));
  }

  template <class T>
  SLIMFIT_HD static zero_and_scale parameters(detail::key_type<T> low, detail::key_type<T> high) {
    using key = detail::key_type<T>;
    bool const finite =
        high < detail::infinity_key<T> && low > detail::ordered_bits<T>(slimfit::bit_cast<key>(-math::infinity<T>));
    auto const smallest = slimfit::bit_cast<T>(detail::ordered_bits<T>(low));
    auto const largest = slimfit::bit_cast<T>(detail::ordered_bits<T>(high));
    // Where the codes begin, and steps from there to the largest value.
    constexpr T steps = static_cast<T>(greatest) + (draws_random ? T{} : static_cast<T>(0.5));
    T const margin = draws_random ? T{} : (largest - smallest) / static_cast<T>(2 * (greatest + 1));
    T const begin = smallest + margin;
    // In double, narrowing to float may have rounded up; 2^-23 of the value is at least a step of float.
    auto narrowed = static_cast<float>(begin);
    if (static_cast<T>(narrowed) > begin) { narrowed -= (narrowed < 0 ? -narrowed : narrowed) * 0x1p-23F; }
    bf16 const zero = detail::round_down_to_bf16(narrowed);
    T const step = (largest - static_cast<T>(static_cast<float>(zero))) / steps;
    auto step_up = static_cast<float>(step);
    if (static_cast<T>(step_up) < step) { step_up += step_up * 0x1p-23F; }
    // The floor keeps the inverse finite; a constant group of zeros then decodes to exact zeros.
    bf16 const scale = detail::round_up_to_bf16(step_up > 0x1p-120F ? step_up : 0x1p-120F);
    bf16 const nan{math::quiet_nan<float>};
    return finite ? zero_and_scale{zero, scale} : zero_and_scale{nan, nan};
  }
};

}  // namespace slimfit::format
