// SPDX-License-Identifier: MIT
// Formats that code each element by itself, without scales: the row is coded by a loop over a user's two functions.
#pragma once

#include <slimfit/format/bit_packing.hpp>
#include <slimfit/format/storage_format.hpp>

namespace slimfit::format {

namespace detail {
template <int Bits>
struct checked_elementwise {
  static_assert(packable(Bits), "slimfit: elementwise<Format, Bits>: Bits must be 1, 2, 3, 4 or 8");
};
}  // namespace detail

/// Base of a format `Format` (itself) that has
/// - `static std::uint8_t encode_value(T value)`: the code, in the low `Bits` bits; T is float or double;
/// - `template <class T> static T decode_value(std::uint8_t code)`;
/// - optionally `static bool outside(T value)`: whether the format cannot represent it; saturation is counted then.
/// All of them are marked SLIMFIT_HD, without which they do not compile for CUDA.
template <class Format, int Bits>
struct elementwise : private detail::checked_elementwise<Bits> {
  static constexpr int bits = Bits;
  using elementwise_format = Format;
  SLIMFIT_HD static constexpr index_t code_bytes(index_t width) { return packed_bytes(width, Bits); }
  SLIMFIT_HD static constexpr index_t scale_count(index_t /*width*/) { return 0; }

  template <class T, int Width, lane_group Group>
  SLIMFIT_HD static void encode(Group group, tile<T, Width, Group> const& values, std::byte* codes, bf16* /*scales*/) {
    using tile_type = tile<T, Width, Group>;
    int const lane = group.lane();
    alignas(64) std::uint8_t bytes[tile_type::padded_slots];
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      std::uint8_t const code = Format::encode_value(values.values[slot]);
      bytes[slot] = tile_type::holds(lane, slot) ? code : std::uint8_t{0};
    }
    for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { bytes[slot] = 0; }
    pack_row<Bits, tile_type>(group, bytes, codes);
  }

  template <class T, int Width, lane_group Group>
  SLIMFIT_HD static tile<T, Width, Group> decode(Group group, std::byte const* codes, bf16 const* /*scales*/) {
    using tile_type = tile<T, Width, Group>;
    int const lane = group.lane();
    alignas(64) std::uint8_t bytes[tile_type::padded_slots];
    unpack_row<Bits, tile_type>(group, codes, bytes);
    tile_type result;
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      T const value = Format::template decode_value<T>(bytes[slot]);
      result.values[slot] = tile_type::holds(lane, slot) ? value : T{};
    }
    for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = T{}; }
    return result;
  }

  /// Values of the row that the format cannot represent; the same on every lane. (Clang before 16 would look into the
  /// incomplete `Format` if the constraint did not depend on a parameter of this function.)
  template <class T, int Width, lane_group Group, class F = Format>
  requires requires(T value) { F::outside(value); }
  SLIMFIT_HD static std::int32_t saturated(Group group, tile<T, Width, Group> const& values) {
    using tile_type = tile<T, Width, Group>;
    int const lane = group.lane();
    std::int32_t count = 0;
    SLIMFIT_SIMD(reduction(+ : count))
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      count += static_cast<std::int32_t>(Format::outside(values.values[slot]) && tile_type::holds(lane, slot));
    }
    return group.template reduce<Group::size>(count, plus{});
  }
};

}  // namespace slimfit::format
