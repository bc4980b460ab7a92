// SPDX-License-Identifier: MIT
// Where AdamW's kernel has its moments: arrays of numbers, or of codes with a scale per block.
#pragma once

#include <slimfit/kernels/moment_code.hpp>
#include <slimfit/kernels/update_sums.hpp>

namespace slimfit {

/// Moments as numbers.
/// @tparam C float or double
template <class C>
struct number_moments {
  using scalar_type = C;
  static constexpr bool needs_noise = false;

  C* first;
  C* second;

  template <class Tile, lane_group Group>
  SLIMFIT_HD void read(update_piece<Group> const& piece, Tile& m, Tile& v) const {
    m = piece.read(first);
    v = piece.read(second);
  }
  template <class Tile, class Words, lane_group Group>
  SLIMFIT_HD void write(update_piece<Group> const& piece, Tile const& m, Tile const& v, Words const& /*noise*/) const {
    piece.write(first, m);
    piece.write(second, v);
  }
};

/// One array of codes.
template <bool Signed>
struct coded_moment {
  using code = moment_code<Signed>;

  std::uint8_t* codes;
  float* scales;  ///< one per `moment_block` elements

  template <class Tile, lane_group Group>
  SLIMFIT_HD void read(update_piece<Group> const& piece, Tile& values) const {
    // One lane of a block reads its scale, since the same writes it: no other has to be waited for.
    std::uint32_t bits = is_leader(piece) ? bit_cast<std::uint32_t>(scales[block_of(piece)]) : 0U;
    bits = piece.group.template reduce<lanes<Group>>(bits, maximum{});
    auto const scale = bit_cast<float>(bits);
    auto const held = piece.read_bytes(codes);
    SLIMFIT_SIMD()
    for (int i = 0; i < Tile::slots; ++i) { values.values[i] = code::decode(held.values[i]) * scale; }
  }
  /// @param noise words: what is left of the low 16 bits of each after a shift of `used` bits rounds
  template <class Tile, class Words, lane_group Group>
  SLIMFIT_HD void write(update_piece<Group> const& piece, Tile const& values, Words const& noise,
                        std::uint32_t used) const {
    static_assert(update_piece<Group>::width % moment_block == 0);
    std::uint32_t largest = 0;
    SLIMFIT_SIMD(reduction(max : largest))
    for (int i = 0; i < Tile::slots; ++i) {
      auto const bits = bit_cast<std::uint32_t>(static_cast<float>(values.values[i])) & 0x7fffffffU;
      largest = bits > largest ? bits : largest;
    }
    largest = piece.group.template reduce<lanes<Group>>(largest, maximum{});
    auto const by = code::scale_of(largest);
    if (is_leader(piece)) { scales[block_of(piece)] = by.value; }
    tile<std::uint8_t, update_piece<Group>::width, Group> made;
    SLIMFIT_SIMD()
    for (int i = 0; i < Tile::slots; ++i) {
      made.values[i] = code::encode(static_cast<float>(values.values[i]) * by.inverse, noise.values[i] >> used);
    }
    piece.write_bytes(codes, made);
  }

 private:
  /// Lanes that hold a block.
  template <lane_group Group>
  static constexpr int lanes = Group::size == 1 ? 1 : static_cast<int>(moment_block) / Group::run;

  /// The lane's first element of a piece.
  template <lane_group Group>
  SLIMFIT_HD static index_t first_of(update_piece<Group> const& piece) {
    return Group::size == 1 ? 0 : piece.group.lane() * Group::run;
  }
  /// Whether the lane is the first of a block that is there.
  template <lane_group Group>
  SLIMFIT_HD static bool is_leader(update_piece<Group> const& piece) {
    return piece.group.lane() % lanes<Group> == 0 && first_of(piece) < piece.count;
  }
  /// The block of the lane's elements.
  template <lane_group Group>
  SLIMFIT_HD static index_t block_of(update_piece<Group> const& piece) {
    return (piece.first + first_of(piece)) / moment_block;
  }
};

/// Moments as codes of 8 bits.
/// @tparam C float or double: the type of arithmetic
template <class C>
struct coded_moments {
  using scalar_type = bf16;  // lanes hold 8 elements: a block of 256 is one warp's
  static constexpr bool needs_noise = true;

  coded_moment<true> first;
  coded_moment<false> second;

  template <class Tile, lane_group Group>
  SLIMFIT_HD void read(update_piece<Group> const& piece, Tile& m, Tile& v) const {
    first.read(piece, m);
    second.read(piece, v);
  }
  /// Errors of both are independent. The first moment's may be those of a bf16 weight's rounding: each has the
  /// expectation 0 whatever the other is.
  template <class Tile, class Words, lane_group Group>
  SLIMFIT_HD void write(update_piece<Group> const& piece, Tile const& m, Tile const& v, Words const& noise) const {
    first.write(piece, m, noise, 0);
    second.write(piece, v, noise, 16);
  }
};

}  // namespace slimfit
