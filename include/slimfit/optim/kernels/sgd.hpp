// SPDX-License-Identifier: MIT
// Stochastic gradient descent over one parameter in one pass, with the measurement of its update.
#pragma once

#include <slimfit/optim/kernels/sound_update.hpp>
#include <slimfit/optim/kernels/updated_weights.hpp>

namespace slimfit {

/// The numbers of one step.
/// @tparam C float or double
template <class C>
struct sgd_coefficients {
  C learning_rate;
  C momentum;
  C decay;
  std::uint32_t step;  ///< of the parameter, from 0: draws the rounding of bf16 weights
};

/// One task is one block of `update_block` elements. `b = momentum * b + g + decay * w`, `w -= learning_rate * b`.
/// @tparam HasMomentum whether there is a `b`; without it is not stored
template <scalar T, bool HasMomentum>
struct sgd_update {
  using value_type = compute_type<T>;
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = update_block;
  using scalar_type = value_type;

  sgd_coefficients<value_type> const* by;  ///< in the backend's memory, so that a recorded step reads new ones
  index_t count;
  T* weights;
  value_type* moment;  ///< not touched without HasMomentum
  T const* gradient;
  update_sums* sums;  ///< one per block
  std::int32_t const* proceed = nullptr;
  random_stream noise{};  ///< seed and place of the rounding of bf16 weights
  index_t first = 0;      ///< element that the gradient, and the blocks, begin with; a multiple of `update_block`
  double const* factor = nullptr;  ///< on the gradient, in the backend's memory; null: 1

  /// Updates the elements of `block`, counted from `first` on.
  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    if (!may_proceed(proceed)) { return; }
    auto const numbers = *by;  // once, not for each piece: writes between them could change what `by` points at
    auto const scale = static_cast<value_type>(factor == nullptr ? 1.0 : *factor);
    index_t const own = block + first / update_block;
    sum_over_block<value_type>(
        group, own, share_of<0>(group, own, count), sums,
        [this, &numbers, scale](auto const& piece) { return this->update(piece, numbers, scale); });
  }

  /// Updates the elements of `piece`. What is measured of the gradient is without the factor.
  template <class Piece>
  SLIMFIT_HD auto update(Piece const& piece, sgd_coefficients<value_type> by_value, value_type scale) const {
    // Named one by one: structured bindings cannot be used in the loop below (clang).
    value_type const rate = by_value.learning_rate;
    value_type const kept = by_value.momentum;
    value_type const pull = by_value.decay;
    using tile_type = typename Piece::template tile_type<value_type>;
    tile_type const before = piece.read(weights);
    tile_type w;
    tile_type const slope = piece.after(first).read(gradient);
    tile_type b{};
    if constexpr (HasMomentum) { b = piece.read(moment); }
    measured_piece<tile_type> measured;
    SLIMFIT_SIMD()
    for (int i = 0; i < tile_type::slots; ++i) {
      value_type const old = before.values[i];
      value_type const square = slope.values[i] * slope.values[i];
      value_type direction = scale * slope.values[i] + pull * old;
      if constexpr (HasMomentum) { direction += kept * b.values[i]; }
      value_type const updated = old - rate * direction;
      auto const sound = is_sound<T>(square, direction, updated);
      measured.squares.values[i] = reported_square(sound, square);
      w.values[i] = choose(sound, updated, old);
      if constexpr (HasMomentum) { b.values[i] = choose(sound, direction, b.values[i]); }
    }
    plain_weights<T> const stored{weights};
    if constexpr (plain_weights<T>::needs_noise) {
      stored.round(piece, w, piece.words({noise.seed, by_value.step, noise.place}));
    }
    SLIMFIT_SIMD()
    for (int i = 0; i < tile_type::slots; ++i) {
      measured.changes.values[i] = relative_change(before.values[i], w.values[i]);
    }
    stored.write(piece, w);
    if constexpr (HasMomentum) { piece.write(moment, b); }
    return measured;
  }
};

}  // namespace slimfit
