// SPDX-License-Identifier: MIT
// Where AdamW's kernel has its moments: arrays of numbers, or of codes with a scale per block.
#pragma once

#include <limits>

#include <slimfit/optim/kernels/moment_code.hpp>
#include <slimfit/optim/kernels/update_sums.hpp>

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

  static constexpr C largest = std::numeric_limits<C>::max();  ///< that a second moment may be

  C* first;
  C* second;

  /// What is written as the second moment of an element that is left as it was.
  [[nodiscard]] SLIMFIT_HD_INLINE static C refused(C before) { return before; }

  struct no_scales {
    SLIMFIT_HD void store() const {}
  };
  template <class Share>
  SLIMFIT_HD no_scales scales_of(Share const& /*share*/) const {
    return {};
  }

  template <class Piece, class Tile>
  SLIMFIT_HD void read(Piece const& piece, no_scales /*scales*/, Tile& m, Tile& v) const {
    m = piece.read(first);
    v = piece.read(second);
  }
  /// @return whether they were written
  template <class Piece, class Tile, class Words>
  SLIMFIT_HD bool write(Piece const& piece, no_scales /*scales*/, Tile const& m, Tile const& v,
                        Words const& /*noise*/) const {
    piece.write(first, m);
    piece.write(second, v);
    return true;
  }
};

/// The scales of the blocks that some lanes update, spread over these lanes: all are read, and later written, at once.
template <class Share>
class lane_scales {
 public:
  SLIMFIT_HD lane_scales(Share const& share, float* scales) : share_(share), scales_(scales) {
    SLIMFIT_UNROLL
    for (int slot = 0; slot < slots; ++slot) { own_[slot] = holds(slot) ? scales[block_of(slot)] : 0.0F; }
  }
  /// That of a piece, which is a block, on every lane. Collective.
  template <class Piece>
  [[nodiscard]] SLIMFIT_HD float of(Piece const& piece) const {
    place const held = place_of(piece);
    // Not a broadcast: ptxas 13 then spills on sm_80.
    std::uint32_t const bits = held.lane == piece.group.lane() ? bit_cast<std::uint32_t>(own_[held.slot]) : 0U;
    return bit_cast<float>(piece.group.template reduce<Piece::lanes>(bits, maximum{}));
  }
  template <class Piece>
  SLIMFIT_HD void set(Piece const& piece, float scale) {
    place const held = place_of(piece);
    if (held.lane == piece.group.lane()) { own_[held.slot] = scale; }
  }
  SLIMFIT_HD void store() const {
    SLIMFIT_UNROLL
    for (int slot = 0; slot < slots; ++slot) {
      if (holds(slot)) { scales_[block_of(slot)] = own_[slot]; }
    }
  }

 private:
  static_assert(Share::piece_width == moment_block);
  static constexpr int lanes = Share::lanes;
  static constexpr int slots = static_cast<int>(divide_up(Share::pieces, lanes));
  struct place {
    int lane;
    int slot;
  };

  template <class Piece>
  [[nodiscard]] SLIMFIT_HD place place_of(Piece const& piece) const {
    auto const number = static_cast<int>((piece.first - share_.first) / moment_block);
    return {number % lanes, slots == 1 ? 0 : number / lanes};
  }
  [[nodiscard]] SLIMFIT_HD index_t block_of(int slot) const {
    return share_.first / moment_block + slot * lanes + share_.group.lane();
  }
  [[nodiscard]] SLIMFIT_HD bool holds(int slot) const { return block_of(slot) * moment_block < share_.end; }

  Share share_;
  float* scales_;
  float own_[static_cast<std::size_t>(slots)];
};

/// One array of codes. A piece is a block.
template <bool Signed>
struct coded_moment {
  using code = moment_code<Signed>;

  std::uint8_t* codes;
  float* scales;  ///< one per `moment_block` elements

  template <class Piece, class Tile>
  SLIMFIT_HD void read(Piece const& piece, float scale, Tile& values) const {
    auto const held = piece.read_bytes(codes);
    SLIMFIT_SIMD()
    for (int i = 0; i < Tile::slots; ++i) { values.values[i] = code::decode(held.values[i]) * scale; }
  }
  /// The bits of the largest magnitude of a piece, on every lane. Those of infinities and NaNs are the largest of all.
  template <class Piece, class Tile>
  [[nodiscard]] SLIMFIT_HD static std::uint32_t largest_bits(Piece const& piece, Tile const& values) {
    std::uint32_t largest = 0;
    SLIMFIT_SIMD(reduction(max : largest))
    for (int i = 0; i < Tile::slots; ++i) {
      auto const bits = bit_cast<std::uint32_t>(static_cast<float>(values.values[i])) & 0x7fffffffU;
      largest = bits > largest ? bits : largest;
    }
    return piece.group.template reduce<Piece::lanes>(largest, maximum{});
  }
  /// @param largest bits of the largest magnitude
  /// @param noise words: what is left of the low 16 bits of each after a shift of `used` bits rounds
  /// @return the scale, on every lane
  template <class Piece, class Tile, class Words>
  SLIMFIT_HD float write(Piece const& piece, Tile const& values, std::uint32_t largest, Words const& noise,
                         std::uint32_t used) const {
    auto const by = code::scale_of(largest);
    typename Piece::template tile_type<std::uint8_t> made;
    SLIMFIT_SIMD()
    for (int i = 0; i < Tile::slots; ++i) {
      made.values[i] = code::encode(static_cast<float>(values.values[i]) * by.inverse, noise.values[i] >> used);
    }
    piece.write_bytes(codes, made);
    return by.value;
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
  static constexpr C largest = std::numeric_limits<float>::max();  ///< that a second moment may be: scales are float

  coded_moment<true> first;
  coded_moment<false> second;

  /// A block with an element that is left as it was is left as a whole: others would move its codes by their scale.
  [[nodiscard]] SLIMFIT_HD_INLINE static C refused(C /*before*/) { return math::infinity<C>; }

  template <class Share>
  struct both_scales {
    lane_scales<Share> first;
    lane_scales<Share> second;

    SLIMFIT_HD void store() const {
      first.store();
      second.store();
    }
  };
  template <class Share>
  SLIMFIT_HD both_scales<Share> scales_of(Share const& share) const {
    return {{share, first.scales}, {share, second.scales}};
  }

  template <class Piece, class Scales, class Tile>
  SLIMFIT_HD void read(Piece const& piece, Scales const& scales, Tile& m, Tile& v) const {
    first.read(piece, scales.first.of(piece), m);
    second.read(piece, scales.second.of(piece), v);
  }
  /// Errors of both are independent. The first moment may be rounded by the same random numbers as a bf16 weight: each
  /// error has the expectation 0 whatever the other is.
  /// @return whether they were written, on every lane: not where a second moment is not finite
  template <class Piece, class Scales, class Tile, class Words>
  SLIMFIT_HD bool write(Piece const& piece, Scales& scales, Tile const& m, Tile const& v, Words const& noise) const {
    auto const magnitude = second.largest_bits(piece, v);
    if (magnitude >= bit_cast<std::uint32_t>(math::infinity<float>)) { return false; }
    scales.first.set(piece, first.write(piece, m, first.largest_bits(piece, m), noise, 0));
    scales.second.set(piece, second.write(piece, v, magnitude, noise, 16));
    return true;
  }
};

}  // namespace slimfit
