// SPDX-License-Identifier: MIT
// Attention's forward pass saves its operands on the way: their rows are in shared memory, where a few lanes code each
// of them, so that no other kernel reads queries, keys and values for it.
#pragma once

#include <slimfit/backend/cuda/groups.cuh>
#include <slimfit/kernels/cuda/head_rows.cuh>
#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// Nobody keeps the operands, or they are saved elsewhere.
struct no_saved_operands {
  static constexpr bool saves = false;
};

/// @tparam View saves rows of one head
template <class View>
struct saved_operands {
  static constexpr bool saves = true;
  View query, key, value;
};

namespace detail {
/// Whether what a view of a matrix stash saves of a row is what it saves of the row's heads, one after the other.
template <class View, int HeadSize>
inline constexpr bool saves_heads = HeadSize % 8 == 0 && requires(View const& view) {
  view.template saved_in_pieces<HeadSize>();
};

/// Lanes that code a row of a head: the scale costs as much as some elements, so each has more than one access.
template <int HeadSize>
inline constexpr int head_row_lanes = [] {
  constexpr int most_elements = 32;
  int lanes = 2;
  while (most_elements * lanes < HeadSize) { lanes *= 2; }
  return lanes;
}();
/// The group that codes a row of a head.
template <int HeadSize>
using head_row_group = warp_group<head_row_lanes<HeadSize>, 8>;
}  // namespace detail

/// Saves `count` rows of a head from `place` on. The first `held` are in the tile; others, which are padding, are not.
template <class T, int Rows, int HeadSize, class View>
__device__ inline void save_head_rows(operand_tile<T, Rows, HeadSize> const& tile, int held, dense_rows<T> const& from,
                                      head_place const& place, View const& view, int count,
                                      workers const& threads = workers::of_block()) {
  using group_type = detail::head_row_group<HeadSize>;
  index_t const heads = from.stride / HeadSize;
  index_t const first = place.row * heads + place.column / HeadSize;
  T const* const rows = from.data + place.row * from.stride + place.column;
  for (int r = threads.own / group_type::size; r < count; r += threads.count / group_type::size) {
    T const* const row = r < held ? tile.chunk(r, 0) : rows + static_cast<index_t>(r) * from.stride;
    view.save(group_type{}, first + r * heads, load<HeadSize>(group_type{}, row));
  }
}

}  // namespace slimfit::kernels
