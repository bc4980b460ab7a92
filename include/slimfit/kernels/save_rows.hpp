// SPDX-License-Identifier: MIT
// Keeps a dense matrix through a stash, where no other kernel that produces it could do so.
#pragma once

#include <type_traits>

#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// One row: kept.save(row, input).
/// @tparam Kept a view of a matrix stash
template <int Width, scalar T, class Kept>
struct save_rows {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  Kept kept;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    kept.save(group, row, load<Width>(group, input + row * Width));
  }
  /// The same for rows of `Piece` elements.
  template <int Piece>
  constexpr auto in_pieces() const requires requires {
    kept.template saved_in_pieces<Piece>();
  }
  {
    auto const pieces = kept.template saved_in_pieces<Piece>();
    return save_rows<Piece, T, std::remove_const_t<decltype(pieces)>>{input, pieces};
  }
};

}  // namespace slimfit::kernels
