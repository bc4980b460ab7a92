// SPDX-License-Identifier: MIT
// Makes a dense matrix of what a stash keeps: a matrix product reads it, chunk by chunk.
#pragma once

#include <type_traits>

#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// One row: output = source.restore(row).
/// @tparam Source a view of any stash that restores, or `stash::layer_norm_output`
template <int Width, scalar T, class Source>
struct restore_rows {
  static constexpr int width = Width;
  using scalar_type = T;

  Source source;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    store(group, output + row * Width, source.restore(group, row));
  }
  /// The same for rows of `Piece` elements.
  template <int Piece>
  constexpr auto in_pieces() const requires requires {
    source.template in_pieces<Piece>();
  }
  {
    auto const pieces = source.template in_pieces<Piece>();
    return restore_rows<Piece, T, std::remove_const_t<decltype(pieces)>>{pieces, output};
  }
};

}  // namespace slimfit::kernels
