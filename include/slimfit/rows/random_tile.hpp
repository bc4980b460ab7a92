// SPDX-License-Identifier: MIT
// Random numbers for the elements of a row, the same on every group and backend.
#pragma once

#include <slimfit/core/philox.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit {

/// Uniform numbers in [0, 1): element `column` of row `row` is number row * round_up(Width, 8) + column of the stream.
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline tile<T, Width, Group> uniform_tile(Group group, random_stream const& stream, index_t row) {
  using tile_type = tile<T, Width, Group>;
  tile_type result;
  auto const first_block = static_cast<std::uint64_t>(row) * static_cast<std::uint64_t>(divide_up(Width, 8) * 2);
  constexpr int quarters = Group::run / 4;  // blocks of four words in a run
  int const lane = group.lane();
  auto const numbers = stream.sequence();
  SLIMFIT_SIMD()
  for (int quarter = 0; quarter < tile_type::runs * quarters; ++quarter) {
    int const run = (quarter / quarters) * Group::size + lane;
    auto const words = numbers.block(first_block + static_cast<std::uint64_t>(run * quarters + quarter % quarters));
    for (int i = 0; i < 4; ++i) { result.values[quarter * 4 + i] = static_cast<T>(uniform(words[i])); }
  }
  return result;
}

}  // namespace slimfit
