// SPDX-License-Identifier: MIT
// Codes of 1, 2, 3, 4 or 8 bits in bytes, little-endian: value i of a row occupies bits [i * B, (i + 1) * B). Eight
// values make B whole bytes. Arithmetic within 64-bit words (mask, shift, or) vectorises where shuffles of bytes would
// be written by hand.
#pragma once

#include <bit>
#include <cstring>
#include <type_traits>

#include <slimfit/rows/element_run.hpp>
#include <slimfit/rows/group.hpp>

namespace slimfit::format {

static_assert(std::endian::native == std::endian::little, "slimfit: packed codes assume a little-endian machine");

namespace detail {
/// The lowest `bits` bits of every field of `field` bits.
SLIMFIT_HD constexpr std::uint64_t field_mask(int bits, int field) {
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
SLIMFIT_HD_INLINE constexpr std::uint64_t pack(std::uint64_t codes) {
  std::uint64_t word = codes & detail::field_mask(Bits, 8);
  word = (word | word >> (8 - Bits)) & detail::field_mask(2 * Bits, 16);
  word = (word | word >> (16 - 2 * Bits)) & detail::field_mask(4 * Bits, 32);
  return (word | word >> (32 - 4 * Bits)) & detail::field_mask(8 * Bits, 64);
}

/// The inverse of `pack`; bits above 8 * Bits are ignored.
template <int Bits>
SLIMFIT_HD_INLINE constexpr std::uint64_t unpack(std::uint64_t packed) {
  std::uint64_t word = packed & detail::field_mask(8 * Bits, 64);
  word = (word | word << (32 - 4 * Bits)) & detail::field_mask(4 * Bits, 32);
  word = (word | word << (16 - 2 * Bits)) & detail::field_mask(2 * Bits, 16);
  return (word | word << (8 - Bits)) & detail::field_mask(Bits, 8);
}

/// Bytes of a row of `width` codes: whole groups of eight.
SLIMFIT_HD constexpr index_t packed_bytes(index_t width, int bits) { return divide_up(width, 8) * bits; }

namespace detail {
/// Bytes that a lane writes at once: the bytes of a run, or of two where one run makes no whole number of bytes.
template <int Bits, int Run>
inline constexpr int bytes_at_once = Bits* Run % 8 == 0 ? Bits* Run / 8 : Bits;

/// The unsigned type of this many bytes.
template <int Bytes>
using unsigned_of = std::conditional_t<
    Bytes == 1, std::uint8_t,
    std::conditional_t<Bytes == 2, std::uint16_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;

/// Stores the low `Bytes` bytes of `word`; 1, 2, 4 and 8 bytes must be aligned to their number.
template <int Bytes>
SLIMFIT_HD_INLINE void store_bytes(std::byte* target, std::uint64_t word) {
  if constexpr ((Bytes & (Bytes - 1)) == 0) {
    store_global_run(target, slimfit::bit_cast<element_run<std::byte, Bytes>>(static_cast<unsigned_of<Bytes>>(word)));
  } else {
    for (int i = 0; i < Bytes; ++i) { target[i] = static_cast<std::byte>(word >> (8 * i)); }
  }
}
template <int Bytes>
SLIMFIT_HD_INLINE std::uint64_t load_bytes(std::byte const* source) {
  if constexpr ((Bytes & (Bytes - 1)) == 0) {
    return slimfit::bit_cast<unsigned_of<Bytes>>(load_run<Bytes>(source));
  } else {
    std::uint64_t word = 0;
    for (int i = 0; i < Bytes; ++i) { word |= static_cast<std::uint64_t>(source[i]) << (8 * i); }
    return word;
  }
}

/// Lanes whose runs of 3-bit codes make three words of 32 bits together, where a row consists of such clusters; else 1.
template <int Bits, class Tile>
inline constexpr int lanes_of_three_words = [] {
  constexpr int lanes = 32 / Tile::group_type::run;
  return Bits == 3 && Tile::group_type::size >= lanes && Tile::width % 32 == 0 ? lanes : 1;
}();

/// Where the bits of a lane's run lie in the words of its cluster: from `bit` of word `index` on, and in the next.
struct place_in_words {
  int index;
  int bit;
  SLIMFIT_HD_INLINE constexpr place_in_words(int lane, int bits) : index(lane * bits / 32), bit(lane * bits % 32) {}
};

/// Puts the runs of a cluster together; its first three lanes store a word each.
/// @param words where the cluster's words begin
/// @param held whether the cluster lies in the row
template <int Cluster, int RunBits, lane_group Group>
SLIMFIT_HD_INLINE void store_three_words(Group group, std::byte* words, std::uint64_t codes, bool held) {
  int const lane = group.lane() % Cluster;
  place_in_words const place(lane, RunBits);
  std::uint64_t const shifted = codes << place.bit;
  std::uint32_t own = 0;
  SLIMFIT_UNROLL
  for (int i = 0; i < 3; ++i) {
    auto const low = place.index == i ? static_cast<std::uint32_t>(shifted) : 0U;
    auto const high = place.index + 1 == i ? static_cast<std::uint32_t>(shifted >> 32U) : 0U;
    auto const word = group.template reduce<Cluster>(low | high, plus{});
    own = lane == i ? word : own;
  }
  if (held && lane < 3) { store_bytes<4>(words + 4 * lane, own); }
}
/// The lane's run of the cluster, of which the first three lanes load a word each.
template <int Cluster, int RunBits, lane_group Group>
SLIMFIT_HD_INLINE std::uint64_t load_three_words(Group group, std::byte const* words, bool held) {
  int const lane = group.lane() % Cluster;
  place_in_words const place(lane, RunBits);
  auto const own = held && lane < 3 ? static_cast<std::uint32_t>(load_bytes<4>(words + 4 * lane)) : 0U;
  std::uint64_t codes = 0;
  SLIMFIT_UNROLL
  for (int i = 0; i < 3; ++i) {
    std::uint64_t const word = group.template broadcast<Cluster>(own, i);
    codes |= place.index == i ? word : 0U;
    codes |= place.index + 1 == i ? word << 32U : 0U;
  }
  return codes >> place.bit;
}
}  // namespace detail

/// Packs a lane's codes (`codes[slot]`, one per byte, zero beyond the row's end) into the row at `row`, which is
/// aligned to 8 bytes where `Bits` is 8, to 4 where it is 3, to `Bits` otherwise.
/// @tparam Tile the tile whose slots these are: it knows which runs of the row the lane holds
template <int Bits, class Tile, lane_group Group>
SLIMFIT_HD inline void pack_row(Group group, std::uint8_t const* codes, std::byte* row) {
  constexpr int run_length = Group::run;
  constexpr int bytes = detail::bytes_at_once<Bits, run_length>;
  constexpr int row_bytes = (Tile::width + 7) / 8 * Bits;
  constexpr bool shares_bytes = Bits * run_length % 8 != 0;  // then two lanes make whole bytes together
  constexpr int cluster = detail::lanes_of_three_words<Bits, Tile>;
  int const lane = group.lane();
  SLIMFIT_SIMD()
  for (int run = 0; run < Tile::runs; ++run) {
    int const position = run * Group::size + lane;
    std::uint64_t word = 0;
    std::memcpy(&word, codes + run * run_length, run_length);
    word = pack<Bits>(word);
    if constexpr (cluster > 1) {
      detail::store_three_words<cluster, Bits * run_length>(group, row + position / cluster * 12, word,
                                                            Tile::holds(lane, run * run_length));
    } else if constexpr (shares_bytes) {
      auto const part = static_cast<std::uint32_t>(word) << (lane % 2 * run_length * Bits);
      word = group.template reduce<2>(part, plus{});
      if (lane % 2 == 0 && (Tile::whole || position / 2 * bytes < row_bytes)) {
        detail::store_bytes<bytes>(row + position / 2 * bytes, word);
      }
    } else if (Group::size == 1 || Tile::whole || position * bytes < row_bytes) {
      detail::store_bytes<bytes>(row + position * bytes, word);
    }
  }
}

/// The inverse of `pack_row`: every slot of the lane gets its code, 0 beyond the row's end.
template <int Bits, class Tile, lane_group Group>
SLIMFIT_HD inline void unpack_row(Group group, std::byte const* row, std::uint8_t* codes) {
  constexpr int run_length = Group::run;
  constexpr int bytes = detail::bytes_at_once<Bits, run_length>;
  constexpr int row_bytes = (Tile::width + 7) / 8 * Bits;
  constexpr int sharers = Bits * run_length % 8 != 0 ? 2 : 1;
  constexpr int cluster = detail::lanes_of_three_words<Bits, Tile>;
  int const lane = group.lane();
  SLIMFIT_SIMD()
  for (int run = 0; run < Tile::runs; ++run) {
    int const position = run * Group::size + lane;
    int const offset = position / sharers * bytes;
    std::uint64_t word = 0;
    if constexpr (cluster > 1) {
      word = unpack<Bits>(detail::load_three_words<cluster, Bits * run_length>(group, row + position / cluster * 12,
                                                                               Tile::holds(lane, run * run_length)));
    } else if (Group::size == 1 || Tile::whole || offset < row_bytes) {
      word = unpack<Bits>(detail::load_bytes<bytes>(row + offset) >> (lane % sharers * run_length * Bits));
    }
    std::memcpy(codes + run * run_length, &word, run_length);
  }
}

}  // namespace slimfit::format
