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
  /// Of the longest numbers of a kernel for weights of type T.
  template <class T>
  using scalar_type = C;
  static constexpr bool needs_noise = false;
  static constexpr int least_piece = 0;

  C* first;
  C* second;

  template <class Piece, class Tile>
  SLIMFIT_HD void read(Piece const& piece, Tile& m, Tile& v) const {
    m = piece.read(first);
    v = piece.read(second);
  }
  template <class Piece, class Tile, class Words>
  SLIMFIT_HD void write(Piece const& piece, Tile const& m, Tile const& v, Words const& /*noise*/) const {
    piece.write(first, m);
    piece.write(second, v);
  }
};

/// One array of codes. A piece is a block.
template <bool Signed>
struct coded_moment {
  using code = moment_code<Signed>;

  std::uint8_t* codes;
  float* scales;  ///< one per `moment_block` elements

  template <class Piece, class Tile>
  SLIMFIT_HD void read(Piece const& piece, Tile& values) const {
    // One lane reads the scale, since the same writes it: no other has to be waited for.
    std::uint32_t bits = piece.group.lane() == 0 ? bit_cast<std::uint32_t>(scales[block_of(piece)]) : 0U;
    auto const scale = bit_cast<float>(largest_of_lanes(piece, bits));
    auto const held = piece.read_bytes(codes);
    SLIMFIT_SIMD()
    for (int i = 0; i < Tile::slots; ++i) { values.values[i] = code::decode(held.values[i]) * scale; }
  }
  /// @param noise words: what is left of the low 16 bits of each after a shift of `used` bits rounds
  template <class Piece, class Tile, class Words>
  SLIMFIT_HD void write(Piece const& piece, Tile const& values, Words const& noise, std::uint32_t used) const {
    std::uint32_t largest = 0;
    SLIMFIT_SIMD(reduction(max : largest))
    for (int i = 0; i < Tile::slots; ++i) {
      auto const bits = bit_cast<std::uint32_t>(static_cast<float>(values.values[i])) & 0x7fffffffU;
      largest = bits > largest ? bits : largest;
    }
    auto const by = code::scale_of(largest_of_lanes(piece, largest));
    if (piece.group.lane() == 0) { scales[block_of(piece)] = by.value; }
    typename Piece::template tile_type<std::uint8_t> made;
    SLIMFIT_SIMD()
    for (int i = 0; i < Tile::slots; ++i) {
      made.values[i] = code::encode(static_cast<float>(values.values[i]) * by.inverse, noise.values[i] >> used);
    }
    piece.write_bytes(codes, made);
  }

 private:
  template <class Piece>
  SLIMFIT_HD static index_t block_of(Piece const& piece) {
    static_assert(Piece::width == moment_block);
    return piece.first / moment_block;
  }
  template <class Piece>
  SLIMFIT_HD static std::uint32_t largest_of_lanes(Piece const& piece, std::uint32_t bits) {
    return piece.group.template reduce<Piece::lanes>(bits, maximum{});
  }
};

/// Moments as codes of 8 bits.
/// @tparam C float or double: the type of arithmetic
template <class C>
struct coded_moments {
  template <class T>
  using scalar_type = T;
  static constexpr bool needs_noise = true;
  static constexpr int least_piece = static_cast<int>(moment_block);

  coded_moment<true> first;
  coded_moment<false> second;

  template <class Piece, class Tile>
  SLIMFIT_HD void read(Piece const& piece, Tile& m, Tile& v) const {
    first.read(piece, m);
    second.read(piece, v);
  }
  /// Errors of both are independent. The first moment's may be those of a bf16 weight's rounding: each has the
  /// expectation 0 whatever the other is.
  template <class Piece, class Tile, class Words>
  SLIMFIT_HD void write(Piece const& piece, Tile const& m, Tile const& v, Words const& noise) const {
    first.write(piece, m, noise, 0);
    second.write(piece, v, noise, 16);
  }
};

}  // namespace slimfit
