// SPDX-License-Identifier: MIT
// Symmetric codes: each group of elements has one scale, zero is exact, and the largest magnitude is reached.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/format/scale_groups.hpp>
#include <slimfit/format/sign.hpp>
#include <slimfit/rows/random_tile.hpp>

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
    auto const noise = uniform_tile<T, Width>(group, stream, row);
    encode_with(group, values, codes, scales, [&noise](T scaled, int slot) {
      T const shifted = scaled + noise.values[slot];
      T const rounded = math::round_to_even(shifted);
      T const floored = rounded - (rounded > shifted ? T{1} : T{});
      return math::round_to_byte(floored < static_cast<T>(greatest) ? floored : static_cast<T>(greatest));
    });
  }

  template <class T, int Width, lane_group Lanes>
  SLIMFIT_HD static tile<T, Width, Lanes> decode(Lanes group, std::byte const* codes, bf16 const* scales) {
    using tile_type = tile<T, Width, Lanes>;
    using layout = detail::scale_layout<Group, tile_type>;
    int const lane = group.lane();
    alignas(64) std::uint8_t bytes[tile_type::padded_slots];
    unpack_row<Bits, tile_type>(group, codes, bytes);
    tile_type result;
    auto const read = [scales](int index) { return scales[index]; };
    detail::scale_reader<layout, bf16> const reader(lane, read);
    for (int part = 0; part < layout::parts; ++part) {
      auto const scale = static_cast<T>(static_cast<float>(reader.of(group, part, read)));
      int const first = part * layout::span;
      int const count = layout::count(part);
      SLIMFIT_SIMD()
      for (int i = 0; i < count; ++i) {
        T const value = math::number_of_code<T>(bytes[first + i], code_sign) * scale;
        result.values[first + i] = tile_type::holds(lane, first + i) ? value : T{};
      }
    }
    for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = T{}; }
    return result;
  }

  /// What a code stands for, as `math::number_of_code` gives it.
  template <class T>
  SLIMFIT_HD static constexpr T value_of(T number, bf16 const* scales) {
    return number * static_cast<T>(static_cast<float>(scales[0]));
  }

 private:
  template <class T, int Width, lane_group Lanes, class Round>
  SLIMFIT_HD static void encode_with(Lanes group, tile<T, Width, Lanes> const& values, std::byte* codes, bf16* scales,
                                     Round round) {
    using tile_type = tile<T, Width, Lanes>;
    using layout = detail::scale_layout<Group, tile_type>;
    using key = detail::key_type<T>;
    int const lane = group.lane();
    alignas(64) std::uint8_t bytes[tile_type::padded_slots];
    detail::scale_writer<layout, bf16> writer;
    auto const write = [scales](int index, bf16 scale) { scales[index] = scale; };
    for (int part = 0; part < layout::parts; ++part) {
      int const first = part * layout::span;
      int const count = layout::count(part);
      key largest = 0;
      SLIMFIT_SIMD(reduction(max : largest))
      for (int i = 0; i < count; ++i) {
        key const magnitude =
            tile_type::holds(lane, first + i) ? detail::magnitude_key(values.values[first + i]) : key{};
        largest = magnitude > largest ? magnitude : largest;
      }
      largest = group.template reduce<layout::lanes>(largest, maximum{});
      bf16 const scale_code = scale_of<T>(largest);
      writer.add(lane, part, scale_code, write);
      T const inverse = T{1} / static_cast<T>(static_cast<float>(scale_code));
      SLIMFIT_SIMD()
      for (int i = 0; i < count; ++i) {
        std::uint8_t const code = round(values.values[first + i] * inverse, first + i);
        bytes[first + i] = tile_type::holds(lane, first + i) ? code : std::uint8_t{0};
      }
    }
    for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { bytes[slot] = 0; }
    writer.finish(lane, write);
    pack_row<Bits, tile_type>(group, bytes, codes);
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
