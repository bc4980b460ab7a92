// SPDX-License-Identifier: MIT
// The measurement that every optimizer kernel makes: per block of 4096 elements, the sum of relative changes of the
// weights and of squared gradients. Blocks, and the order of additions within one, depend on the element count only.
#pragma once

#include <cmath>
#include <cstdint>

#include <slimfit/core/philox.hpp>
#include <slimfit/kernels/tile.hpp>

namespace slimfit {

/// Elements that one group updates as a task.
inline constexpr index_t update_block = 4096;

/// Sums over some elements of one parameter.
struct update_sums {
  double relative_change = 0;  ///< of |w_old - w_new| / |w_old|
  double squared_gradient = 0;
};

/// |old - updated| / |old|, and 0 where `old` is 0: the published code gets inf or nan there, which keeps the unit
/// active for good, and zeros are common (fresh classifiers, padding rows of a table).
template <class C>
SLIMFIT_HD inline C relative_change(C old, C updated) {
  C const zero = static_cast<C>(old == C{});  // arithmetic instead of a branch, so that it vectorises
  return (C{1} - zero) * std::abs(old - updated) / (std::abs(old) + zero);
}

/// Elements of a block that a group updates at once: on the host a loop long enough to vectorise, small enough for the
/// first cache; on CUDA one access of each lane.
template <lane_group Group>
inline constexpr int update_width = Group::size == 1 ? 256 : Group::size* Group::run;

/// Some elements of a parameter: all that a group updates at once, or what is left at the end.
template <lane_group Group>
struct update_piece {
  static constexpr int width = update_width<Group>;
  Group group;
  index_t first;
  index_t count;

  template <scalar Stored>
  [[nodiscard]] SLIMFIT_HD auto read(Stored const* array) const {
    return count == width ? load<width>(group, array + first) : load_first<width>(group, array + first, count);
  }
  /// The same elements in an array that begins with element `start`.
  [[nodiscard]] SLIMFIT_HD update_piece after(index_t start) const { return {group, first - start, count}; }
  /// A random word for each element.
  [[nodiscard]] SLIMFIT_HD auto words(random_stream const& noise) const {
    using tile_type = tile<std::uint32_t, width, Group>;
    tile_type result;
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; slot += 4) {
      auto const element = static_cast<std::uint64_t>(first + tile_type::element(group.lane(), slot));
      auto const block = noise.block(element / 4);
      for (int i = 0; i < 4; ++i) { result.values[slot + i] = block[i]; }
    }
    return result;
  }
  /// Those of an array of bytes; 0 beyond `count`.
  [[nodiscard]] SLIMFIT_HD auto read_bytes(std::uint8_t const* array) const {
    using tile_type = tile<std::uint8_t, width, Group>;
    constexpr int at_once = Group::size == 1 ? width : Group::run;
    tile_type result;
    if (count == width) {
      auto const run = load_run<at_once>(array + first + tile_type::element(group.lane(), 0));
      for (int slot = 0; slot < tile_type::slots; ++slot) { result.values[slot] = run.values[slot]; }
    } else {
      for (int slot = 0; slot < tile_type::slots; ++slot) {
        int const element = tile_type::element(group.lane(), slot);
        result.values[slot] = element < count ? array[first + element] : std::uint8_t{};
      }
    }
    return result;
  }
  template <class Tile>
  SLIMFIT_HD void write_bytes(std::uint8_t* array, Tile const& values) const {
    constexpr int at_once = Group::size == 1 ? width : Group::run;
    if (count == width) {
      element_run<std::uint8_t, at_once> run;
      for (int slot = 0; slot < Tile::slots; ++slot) { run.values[slot] = values.values[slot]; }
      store_global_run(array + first + Tile::element(group.lane(), 0), run);
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
};

/// What a kernel measured of the elements of a piece.
template <class Tile>
struct measured_piece {
  Tile changes;  ///< relative
  Tile squares;  ///< of gradients
};

/// Calls `update(piece)`, which gives a `measured_piece`, for the pieces of `block` and stores the block's sums.
template <class C, lane_group Group, class Update>
SLIMFIT_HD inline void sum_over_block(Group group, index_t block, index_t count, update_sums* sums,
                                      Update const& update) {
  constexpr int width = update_width<Group>;
  constexpr int slots = tile<C, width, Group>::slots;
  constexpr int lanes = lesser(slots, 16);  // sums side by side
  alignas(64) C change[lanes] = {};
  alignas(64) C square[lanes] = {};
  index_t const end = lesser(count, (block + 1) * update_block);
  for (index_t first = block * update_block; first < end; first += width) {
    auto const measured = update(update_piece<Group>{group, first, lesser<index_t>(width, end - first)});
    SLIMFIT_UNROLL
    for (int i = 0; i < slots; i += lanes) {
      SLIMFIT_SIMD()
      for (int j = 0; j < lanes; ++j) {
        change[j] += measured.changes.values[i + j];
        square[j] += measured.squares.values[i + j];
      }
    }
  }
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

/// Whether an update may change anything: `proceed` is null, or what it points at is not 0. A step's loss decides it
/// where the weights are, so that nobody has to wait for the loss before the backward pass.
SLIMFIT_HD_INLINE bool may_proceed(std::int32_t const* proceed) { return proceed == nullptr || *proceed != 0; }

/// One launch: `total` = the sum of a parameter's block sums, in their order.
struct add_update_sums {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;  // a lane's share of the blocks: 4 and more

  update_sums const* sums;
  index_t blocks;
  update_sums* total;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    update_sums mine;
    for (index_t block = group.lane(); block < blocks; block += Group::size) {
      mine.relative_change += sums[block].relative_change;
      mine.squared_gradient += sums[block].squared_gradient;
    }
    mine.relative_change = group.template reduce<Group::size>(mine.relative_change, plus{});
    mine.squared_gradient = group.template reduce<Group::size>(mine.squared_gradient, plus{});
    if (group.lane() == 0) { *total = mine; }
  }
};

}  // namespace slimfit
