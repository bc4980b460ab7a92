// SPDX-License-Identifier: MIT
// The measurement that every optimizer kernel makes: per block of 4096 elements, the sum of relative changes of the
// weights and of squared gradients. Blocks, and the order of additions within one, depend on the element count only.
#pragma once

#include <cmath>
#include <cstdint>

#include <slimfit/core/math.hpp>
#include <slimfit/core/philox.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit {

/// Elements that one group updates as a task.
inline constexpr index_t update_block = 4096;

/// Sums over some elements of one parameter.
struct update_sums {
  double relative_change = 0;   ///< of |w_old - w_new| / |w_old|; `held_back` where nothing was updated
  double squared_gradient = 0;  ///< not finite where elements were left as they were, see `is_sound`

  static constexpr double held_back = -1;
  [[nodiscard]] SLIMFIT_HD_INLINE bool is_finite() const { return std::abs(squared_gradient) < math::infinity<double>; }
};

/// |old - updated| / |old|, and 0 where `old` is 0: the published code gets inf or nan there, which keeps the unit
/// active for good, and zeros are common (fresh classifiers, padding rows of a table).
template <class C>
SLIMFIT_HD inline C relative_change(C old, C updated) {
  C const zero = static_cast<C>(old == C{});  // arithmetic instead of a branch, so that it vectorises
  return (C{1} - zero) * std::abs(old - updated) / (std::abs(old) + zero);
}

namespace detail {
template <lane_group Group>
struct piece_lanes {
  using type = Group;
};
template <lane_group Group>
requires requires { typename Group::warp_type; }
struct piece_lanes<Group> {
  using type = typename Group::warp_type;
};
}  // namespace detail

/// The lanes that update a piece together: a warp where the group has several.
template <lane_group Group>
using piece_lanes = typename detail::piece_lanes<Group>::type;

/// Elements of a piece: on the host a loop long enough to vectorise, small enough for the first cache; on CUDA one
/// access of each lane, more where a piece must have `Least`.
template <lane_group Lanes, int Least = 0>
inline constexpr int update_width = Lanes::size == 1 ? 256 : greater(Lanes::size* Lanes::run, Least);

/// Some elements of a parameter: all that its lanes update at once, or what is left at the end.
template <lane_group Lanes, int Width>
struct update_piece {
  static constexpr int width = Width;
  static constexpr int lanes = Lanes::size;
  template <class Element>
  using tile_type = tile<Element, width, Lanes>;

  Lanes group;
  index_t first;
  index_t count;

  template <scalar Stored>
  [[nodiscard]] SLIMFIT_HD auto read(Stored const* array) const {
    return count == width ? load<width>(group, array + first) : load_first<width>(group, array + first, count);
  }
  /// The same elements in an array that begins with element `start`.
  [[nodiscard]] SLIMFIT_HD update_piece after(index_t start) const { return {group, first - start, count}; }
  /// A random word for each element.
  [[nodiscard]] SLIMFIT_HD auto words(random_sequence const& noise) const {
    using words_type = tile_type<std::uint32_t>;
    words_type result;
    SLIMFIT_SIMD()
    for (int slot = 0; slot < words_type::slots; slot += 4) {
      auto const element = static_cast<std::uint64_t>(first + words_type::element(group.lane(), slot));
      auto const block = noise.block(element / 4);
      for (int i = 0; i < 4; ++i) { result.values[slot + i] = block[i]; }
    }
    return result;
  }
  /// Those of an array of bytes; 0 beyond `count`.
  [[nodiscard]] SLIMFIT_HD auto read_bytes(std::uint8_t const* array) const {
    using bytes_type = tile_type<std::uint8_t>;
    bytes_type result;
    if (count == width) {
      SLIMFIT_UNROLL
      for (int slot = 0; slot < bytes_type::slots; slot += bytes_at_once) {
        auto const run = load_run<bytes_at_once>(array + first + bytes_type::element(group.lane(), slot));
        for (int i = 0; i < bytes_at_once; ++i) { result.values[slot + i] = run.values[i]; }
      }
    } else {
      for (int slot = 0; slot < bytes_type::slots; ++slot) {
        int const element = bytes_type::element(group.lane(), slot);
        result.values[slot] = element < count ? array[first + element] : std::uint8_t{};
      }
    }
    return result;
  }
  template <class Tile>
  SLIMFIT_HD void write_bytes(std::uint8_t* array, Tile const& values) const {
    if (count == width) {
      SLIMFIT_UNROLL
      for (int slot = 0; slot < Tile::slots; slot += bytes_at_once) {
        element_run<std::uint8_t, bytes_at_once> run;
        for (int i = 0; i < bytes_at_once; ++i) { run.values[i] = values.values[slot + i]; }
        store_global_run(array + first + Tile::element(group.lane(), slot), run);
      }
    } else {
      for (int slot = 0; slot < Tile::slots; ++slot) {
        int const element = Tile::element(group.lane(), slot);
        if (element < count) { array[first + element] = values.values[slot]; }
      }
    }
  }
  template <scalar Stored, class Tile>
  SLIMFIT_HD void write(Stored* array, Tile const& values) const {
    if (count == width) {
      store(group, array + first, values);
    } else {
      store_first(group, array + first, values, count);
    }
  }

 private:
  /// Of an access to bytes.
  static constexpr int bytes_at_once = Lanes::size == 1 ? width : Lanes::run;
};

/// The elements of a block that some lanes update, piece by piece.
/// @tparam Least elements of a piece
template <lane_group Lanes, int Least, index_t Elements>
struct update_share {
  static constexpr int lanes = Lanes::size;
  static constexpr int piece_width = update_width<Lanes, Least>;
  static constexpr index_t pieces = Elements / piece_width;  ///< fewer at the end of a parameter
  static_assert(Elements % piece_width == 0);

  Lanes group;
  index_t first;
  index_t end;

  template <class Body>
  SLIMFIT_HD void for_each_piece(Body const& body) const {
    for (index_t begin = first; begin < end; begin += piece_width) {
      body(update_piece<Lanes, piece_width>{group, begin, lesser<index_t>(piece_width, end - begin)});
    }
  }
};

/// What the calling lanes update of `block`.
template <int Least, lane_group Group>
SLIMFIT_HD inline auto share_of(Group group, index_t block, index_t count) {
  using lanes_type = piece_lanes<Group>;
  constexpr index_t sharers = Group::size / lanes_type::size;
  constexpr index_t elements = update_block / sharers;
  index_t const begin = block * update_block;
  if constexpr (sharers == 1) {
    return update_share<lanes_type, Least, elements>{group, begin, lesser(count, begin + elements)};
  } else {
    index_t const first = begin + group.lane() / lanes_type::size * elements;
    return update_share<lanes_type, Least, elements>{lanes_type{}, first, lesser(count, first + elements)};
  }
}

/// What a kernel measured of the elements of a piece.
template <class Tile>
struct measured_piece {
  Tile changes;  ///< relative
  Tile squares;  ///< of gradients
};

/// Calls `update(piece)`, which gives a `measured_piece`, for the pieces of the callers' `share` of `block` and stores
/// the block's sums.
template <class C, lane_group Group, class Share, class Update>
SLIMFIT_HD inline void sum_over_block(Group group, index_t block, Share const& share, update_sums* sums,
                                      Update const& update) {
  constexpr int slots = tile<C, Share::piece_width, piece_lanes<Group>>::slots;
  constexpr int lanes = lesser(slots, 16);  // sums side by side
  alignas(64) C change[static_cast<std::size_t>(lanes)] = {};
  alignas(64) C square[static_cast<std::size_t>(lanes)] = {};
  share.for_each_piece([&](auto const& piece) {
    auto const measured = update(piece);
    SLIMFIT_UNROLL
    for (int i = 0; i < slots; i += lanes) {
      SLIMFIT_SIMD()
      for (int j = 0; j < lanes; ++j) {
        change[j] += measured.changes.values[i + j];
        square[j] += measured.squares.values[i + j];
      }
    }
  });
  update_sums total;
  SLIMFIT_UNROLL
  for (int j = 0; j < lanes; ++j) {
    total.relative_change += static_cast<double>(change[j]);
    total.squared_gradient += static_cast<double>(square[j]);
  }
  total.relative_change = group.template reduce<Group::size>(total.relative_change, plus{});
  total.squared_gradient = group.template reduce<Group::size>(total.squared_gradient, plus{});
  if (group.lane() == 0) { sums[block] = total; }
}

/// Whether an update may change anything: `proceed` is null, or what it points at is not 0. A step's loss, and the
/// updates before, decide it where the weights are, so that the host does not wait for them.
SLIMFIT_HD_INLINE bool may_proceed(std::int32_t const* proceed) { return proceed == nullptr || *proceed != 0; }

}  // namespace slimfit
