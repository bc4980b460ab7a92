// SPDX-License-Identifier: MIT
// What formats with scales share: a row is coded scale group by scale group, its codes are packed, and restored the
// same way. A format says how the numbers of one group become scales and codes, and what a code of it stands for.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/format/scale_groups.hpp>
#include <slimfit/rows/random_tile.hpp>

namespace slimfit::format::detail {

/// Slots of a lane's tile that belong to one scale group.
struct group_part {
  int number;
  int first;
  int count;
};

/// Codes a row.
/// @tparam Scales of one group
/// @param code `code(group_part, std::uint8_t* bytes)` writes the codes of a part, one byte for each slot of the tile,
/// and gives its scales
/// @param write `write(index of the group, its scales)`
template <int Bits, int Group, class Scales, class T, int Width, lane_group Lanes, class Code, class Write>
SLIMFIT_HD_INLINE void encode_groups(Lanes group, tile<T, Width, Lanes> const& /*values*/, std::byte* codes,
                                     Code const& code, Write const& write) {
  using tile_type = tile<T, Width, Lanes>;
  using layout = scale_layout<Group, tile_type>;
  int const lane = group.lane();
  alignas(64) std::uint8_t bytes[tile_type::padded_slots];
  scale_writer<layout, Scales> writer;
  for (int part = 0; part < layout::parts; ++part) {
    writer.add(lane, part, code(group_part{part, part * layout::span, layout::count(part)}, bytes), write);
  }
  for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { bytes[slot] = 0; }
  writer.finish(lane, write);
  pack_row<Bits, tile_type>(group, bytes, codes);
}

/// Restores a row.
/// @param read `read(index of the group)` gives its scales
/// @param meaning `meaning(scales)` gives a function of codes: what they stand for
template <int Bits, int Group, class Scales, class T, int Width, lane_group Lanes, class Read, class Meaning>
SLIMFIT_HD_INLINE tile<T, Width, Lanes> decode_groups(Lanes group, std::byte const* codes, Read const& read,
                                                      Meaning const& meaning) {
  using tile_type = tile<T, Width, Lanes>;
  using layout = scale_layout<Group, tile_type>;
  int const lane = group.lane();
  alignas(64) std::uint8_t bytes[tile_type::padded_slots];
  unpack_row<Bits, tile_type>(group, codes, bytes);
  tile_type result;
  scale_reader<layout, Scales> const reader(lane, read);
  for (int part = 0; part < layout::parts; ++part) {
    auto const value_of = meaning(reader.of(group, part, read));
    int const first = part * layout::span;
    int const count = layout::count(part);
    SLIMFIT_SIMD()
    for (int i = 0; i < count; ++i) {
      T const value = value_of(bytes[first + i]);
      result.values[first + i] = tile_type::holds(lane, first + i) ? value : T{};
    }
  }
  for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = T{}; }
  return result;
}

/// Writes the codes of a part: `round(scaled(value), slot)`.
template <class T, int Width, lane_group Lanes, class Scaled, class Round>
SLIMFIT_HD_INLINE void write_codes(Lanes group, tile<T, Width, Lanes> const& values, group_part part,
                                   std::uint8_t* bytes, Scaled const& scaled, Round const& round) {
  int const lane = group.lane();
  SLIMFIT_SIMD()
  for (int i = 0; i < part.count; ++i) {
    int const slot = part.first + i;
    std::uint8_t const code = round(scaled(values.values[slot]), slot);
    bytes[slot] = tile<T, Width, Lanes>::holds(lane, slot) ? code : std::uint8_t{0};
  }
}

/// The greatest magnitude in a part and in the parts of other lanes that belong to the same scale group, as a key.
template <int Group, class T, int Width, lane_group Lanes>
SLIMFIT_HD_INLINE key_type<T> largest_magnitude(Lanes group, tile<T, Width, Lanes> const& values, group_part part) {
  using tile_type = tile<T, Width, Lanes>;
  using key = key_type<T>;
  int const lane = group.lane();
  key largest = 0;
  SLIMFIT_SIMD(reduction(max : largest))
  for (int i = 0; i < part.count; ++i) {
    key const magnitude = tile_type::holds(lane, part.first + i) ? magnitude_key(values.values[part.first + i]) : key{};
    largest = magnitude > largest ? magnitude : largest;
  }
  return group.template reduce<scale_layout<Group, tile_type>::lanes>(largest, maximum{});
}

/// Rounds scaled numbers up or down, so that the expectation is exact, to codes of at most `Greatest`.
template <int Greatest, class T, int Width, lane_group Lanes>
class stochastic_rounding {
 public:
  SLIMFIT_HD stochastic_rounding(Lanes group, random_stream const& stream, index_t row)
      : noise_(uniform_tile<T, Width>(group, stream, row)) {}
  SLIMFIT_HD_INLINE std::uint8_t operator()(T scaled, int slot) const {
    T const shifted = scaled + noise_.values[slot];
    T const rounded = math::round_to_even(shifted);
    T const floored = rounded - (rounded > shifted ? T{1} : T{});
    return math::round_to_byte(floored < static_cast<T>(Greatest) ? floored : static_cast<T>(Greatest));
  }

 private:
  tile<T, Width, Lanes> noise_;
};

}  // namespace slimfit::format::detail
