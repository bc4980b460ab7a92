// SPDX-License-Identifier: MIT
// Codes of 1, 2, 3, 4 or 8 bits in bytes, little-endian: value i of a row occupies bits [i * B, (i + 1) * B). Eight
// values make B whole bytes, so each lane packs its runs without the others. Arithmetic within 64-bit words (mask,
// shift, or) vectorises where shuffles of bytes would be written by hand.
#pragma once

#include <bit>
#include <cstring>

#include <slimfit/kernels/group.hpp>

namespace slimfit::format {

static_assert(std::endian::native == std::endian::little, "slimfit: packed codes assume a little-endian machine");

namespace detail {
/// The lowest `bits` bits of every field of `field` bits.
constexpr std::uint64_t field_mask(int bits, int field) {
  std::uint64_t mask = 0;
  for (int shift = 0; shift < 64; shift += field) {
    mask |= (bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1) << shift;
  }
  return mask;
}
}  // namespace detail

/// Whether codes of this width can be packed.
constexpr bool packable(int bits) { return bits == 1 || bits == 2 || bits == 3 || bits == 4 || bits == 8; }

/// Eight codes, one per byte (higher bits ignored), to the low 8 * Bits bits.
template <int Bits>
SLIMFIT_HD constexpr std::uint64_t pack(std::uint64_t codes) {
  std::uint64_t word = codes & detail::field_mask(Bits, 8);
  word = (word | word >> (8 - Bits)) & detail::field_mask(2 * Bits, 16);
  word = (word | word >> (16 - 2 * Bits)) & detail::field_mask(4 * Bits, 32);
  return (word | word >> (32 - 4 * Bits)) & detail::field_mask(8 * Bits, 64);
}

/// The inverse of `pack`; bits above 8 * Bits are ignored.
template <int Bits>
SLIMFIT_HD constexpr std::uint64_t unpack(std::uint64_t packed) {
  std::uint64_t word = packed & detail::field_mask(8 * Bits, 64);
  word = (word | word << (32 - 4 * Bits)) & detail::field_mask(4 * Bits, 32);
  word = (word | word << (16 - 2 * Bits)) & detail::field_mask(2 * Bits, 16);
  return (word | word << (8 - Bits)) & detail::field_mask(Bits, 8);
}

/// Bytes of a row of `width` codes: whole runs of eight.
SLIMFIT_HD constexpr index_t packed_bytes(index_t width, int bits) { return divide_up(width, lane_run) * bits; }

/// Stores the low `Bytes` bytes of `word`.
template <int Bytes>
SLIMFIT_HD inline void store_bytes(std::byte* target, std::uint64_t word) {
  if constexpr (Bytes == 3) {
    auto const low = static_cast<std::uint16_t>(word);
    auto const high = static_cast<std::uint8_t>(word >> 16U);
    std::memcpy(target, &low, 2);
    std::memcpy(target + 2, &high, 1);
  } else {
    std::memcpy(target, &word, Bytes);
  }
}
template <int Bytes>
SLIMFIT_HD inline std::uint64_t load_bytes(std::byte const* source) {
  if constexpr (Bytes == 3) {
    std::uint16_t low = 0;
    std::uint8_t high = 0;
    std::memcpy(&low, source, 2);
    std::memcpy(&high, source + 2, 1);
    return std::uint64_t{high} << 16U | low;
  } else {
    std::uint64_t word = 0;
    std::memcpy(&word, source, Bytes);
    return word;
  }
}

/// Packs a lane's codes (`codes[slot]`, one per byte, zero beyond the row's end) into the row at `row`.
/// @tparam Tile the tile whose slots these are: it knows which runs of the row the lane holds
template <int Bits, class Tile>
SLIMFIT_HD inline void pack_row(int lane, std::uint8_t const* codes, std::byte* row) {
  constexpr int lanes = Tile::group_type::size;
  constexpr int row_runs = (Tile::width + lane_run - 1) / lane_run;
#pragma omp simd
  for (int run = 0; run < Tile::runs; ++run) {
    int const position = run * lanes + lane;
    if (lanes == 1 || Tile::whole || position < row_runs) {
      std::uint64_t word = 0;
      std::memcpy(&word, codes + run * lane_run, lane_run);
      store_bytes<Bits>(row + position * Bits, pack<Bits>(word));
    }
  }
}

/// The inverse of `pack_row`: every slot of the lane gets its code, 0 beyond the row's end.
template <int Bits, class Tile>
SLIMFIT_HD inline void unpack_row(int lane, std::byte const* row, std::uint8_t* codes) {
  constexpr int lanes = Tile::group_type::size;
  constexpr int row_runs = (Tile::width + lane_run - 1) / lane_run;
#pragma omp simd
  for (int run = 0; run < Tile::runs; ++run) {
    int const position = run * lanes + lane;
    std::uint64_t word = 0;
    if (lanes == 1 || Tile::whole || position < row_runs) {
      word = unpack<Bits>(load_bytes<Bits>(row + position * Bits));
    }
    std::memcpy(codes + run * lane_run, &word, lane_run);
  }
}

}  // namespace slimfit::format
