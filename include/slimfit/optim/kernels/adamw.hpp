// SPDX-License-Identifier: MIT
// AdamW over one parameter in one pass: reads w, m, v, g, writes w, m, v, and measures the update on the way, so that
// no second copy of the weights is needed to know how far they moved.
#pragma once

#include <slimfit/optim/kernels/moment_storage.hpp>
#include <slimfit/optim/kernels/sound_update.hpp>
#include <slimfit/optim/kernels/updated_weights.hpp>

namespace slimfit {

/// The numbers of one step, with bias corrections and the learning-rate schedule worked in. Aligned, so that devices
/// read them in few accesses.
/// @tparam C float or double
template <class C>
struct alignas(16) adamw_coefficients {
  C beta1;
  C beta2;
  C rest1;        ///< 1 - beta1, rounded once: from a rounded 0.999 the difference would be wrong by 1e-5 of itself
  C rest2;        ///< 1 - beta2
  C step_size;    ///< learning rate * sqrt(1 - beta2^t) / (1 - beta1^t)
  C epsilon;      ///< added to the root of the second moment as stored, without bias correction
  C decay;        ///< learning rate * weight decay
  C decay_moved;  ///< 1: weight decay applies to the updated weight; 0: to the weight before
  std::uint32_t step;  ///< of the parameter, from 0: draws the rounding of bf16 weights
};

/// One task is one block of `update_block` elements.
/// @tparam HasGradient false: a frozen parameter coasts on its moments, as if its gradient were zero
/// @tparam Moments     `number_moments` or `coded_moments`
/// @tparam Weights     `plain_weights` or `copied_weights`
template <scalar T, bool HasGradient = true, class Moments = number_moments<compute_type<T>>,
          class Weights = plain_weights<T>>
struct adamw_update {
  using value_type = compute_type<T>;
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = update_block;
  using scalar_type = typename Moments::template scalar_type<T>;

  adamw_coefficients<value_type> const* by;  ///< in the backend's memory, so that a recorded step reads new ones
  index_t count;
  Weights weights;
  Moments moments;
  T const* gradient;  ///< not read without HasGradient
  update_sums* sums;  ///< one per block
  std::int32_t const* proceed = nullptr;
  random_stream noise{};  ///< seed and place of the rounding of weights and codes
  index_t first = 0;      ///< element that the gradient, and the blocks, begin with; a multiple of `update_block`
  double const* factor = nullptr;  ///< on the gradient, in the backend's memory; null: 1

  /// Updates the elements of `block`, counted from `first` on.
  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    if (!may_proceed(proceed)) { return; }
    auto const numbers = *by;  // once, not for each piece: writes between them could change what `by` points at
    auto const scale = static_cast<value_type>(factor == nullptr ? 1.0 : *factor);
    index_t const own = block + first / update_block;
    auto const share = share_of<Moments::least_piece>(group, own, count);
    auto scales = moments.scales_of(share);
    sum_over_block<value_type>(group, own, share, sums, [this, &numbers, &scales, scale](auto const& piece) {
      return this->update(piece, scales, numbers, scale);
    });
    scales.store();
  }

 private:
  struct no_noise {};

  /// Updates the elements of `piece`. What is measured of the gradient is without the factor.
  template <class Piece, class Scales>
  SLIMFIT_HD auto update(Piece const& piece, Scales& scales, adamw_coefficients<value_type> c, value_type scale) const {
    using tile_type = typename Piece::template tile_type<value_type>;
    tile_type const before = weights.read(piece);
    tile_type w;
    tile_type m;
    tile_type v;
    moments.read(piece, scales, m, v);
    tile_type slope{};
    if constexpr (HasGradient) { slope = piece.after(first).read(gradient); }
    measured_piece<tile_type> measured;
    SLIMFIT_SIMD()
    for (int i = 0; i < tile_type::slots; ++i) {
      value_type const square = slope.values[i] * slope.values[i];
      value_type const clipped = scale * slope.values[i];
      value_type const moved1 = c.beta1 * m.values[i] + c.rest1 * clipped;
      value_type const moved2 = c.beta2 * v.values[i] + c.rest2 * (clipped * clipped);
      value_type const old = before.values[i];
      value_type const step = c.step_size * moved1 / (std::sqrt(moved2) + c.epsilon);
      // One subtraction from the weight: a factor 1 - decay would lose most of the decay's digits.
      value_type const updated = old - (step + c.decay * (old - c.decay_moved * step));
      // Without a gradient moments only shrink.
      auto const sound =
          HasGradient ? is_sound<T>(square, moved2, updated, Moments::largest) : is_within(updated, largest_weight<T>);
      measured.squares.values[i] = reported_square(sound, square);
      w.values[i] = choose(sound, updated, old);
      m.values[i] = HasGradient ? choose(sound, moved1, m.values[i]) : moved1;
      v.values[i] = HasGradient ? choose(sound, moved2, Moments::refused(v.values[i])) : moved2;
    }
    if constexpr (Moments::needs_noise || Weights::needs_noise) {
      auto const words = piece.words({noise.seed, c.step, noise.place});
      weights.round(piece, w, words);
      if (!moments.write(piece, scales, m, v, words)) { w = before; }
    } else {
      moments.write(piece, scales, m, v, no_noise{});
    }
    SLIMFIT_SIMD()
    for (int i = 0; i < tile_type::slots; ++i) {
      measured.changes.values[i] = relative_change(before.values[i], w.values[i]);
    }
    weights.write(piece, w);
    return measured;
  }
};

}  // namespace slimfit
