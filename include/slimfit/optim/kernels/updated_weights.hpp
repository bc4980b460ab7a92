// SPDX-License-Identifier: MIT
// Where an optimizer's kernel has the weights: as the model has them, or with a copy of more digits beside them.
#pragma once

#include <slimfit/optim/kernels/update_sums.hpp>

namespace slimfit {

/// The model's weights alone. bf16 is rounded stochastically: small updates survive on average.
template <scalar T>
struct plain_weights {
  using value_type = compute_type<T>;
  static constexpr bool needs_noise = std::is_same_v<T, bf16>;

  T* weights;

  template <class Piece>
  SLIMFIT_HD auto read(Piece const& piece) const {
    return piece.read(weights);
  }
  /// Rounds new weights to what is stored of them.
  template <class Piece, class Tile, class Words>
  SLIMFIT_HD void round(Piece const& /*piece*/, Tile& values, Words const& noise) const {
    if constexpr (needs_noise) {
      SLIMFIT_SIMD()
      for (int i = 0; i < Tile::slots; ++i) {
        values.values[i] = static_cast<float>(round_stochastically(values.values[i], noise.values[i]));
      }
    }
  }
  template <class Piece, class Tile>
  SLIMFIT_HD void write(Piece const& piece, Tile const& values) const {
    piece.write(weights, values);
  }
};

/// bf16 weights that are roundings, to the nearest, of a float copy which is updated. A weight that is not the rounding
/// of its copy was written from outside (or is updated for the first time), and the copy begins with it again.
template <scalar T>
struct copied_weights {
  using value_type = compute_type<T>;
  static constexpr bool needs_noise = false;

  T* weights;
  value_type* copy;

  template <class Piece>
  SLIMFIT_HD auto read(Piece const& piece) const {
    auto const stored = piece.read(weights);
    auto values = piece.read(copy);
    SLIMFIT_SIMD()
    for (int i = 0; i < decltype(values)::slots; ++i) {
      bool const current = static_cast<value_type>(static_cast<T>(values.values[i])) == stored.values[i];
      values.values[i] = current ? values.values[i] : stored.values[i];
    }
    return values;
  }
  template <class Piece, class Tile, class Words>
  SLIMFIT_HD void round(Piece const& /*piece*/, Tile& /*values*/, Words const& /*noise*/) const {}
  template <class Piece, class Tile>
  SLIMFIT_HD void write(Piece const& piece, Tile const& values) const {
    piece.write(copy, values);
    piece.write(weights, values);
  }
};

}  // namespace slimfit
