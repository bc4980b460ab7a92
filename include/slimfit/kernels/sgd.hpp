// SPDX-License-Identifier: MIT
// Stochastic gradient descent over one parameter in one pass, with the measurement of its update.
#pragma once

#include <slimfit/kernels/update_sums.hpp>

namespace slimfit {

/// One task is one block of `update_block` elements. `b = momentum * b + g + decay * w`, `w -= learning_rate * b`.
/// @tparam HasMomentum whether there is a `b`; without it is not stored
template <scalar T, bool HasMomentum>
struct sgd_update {
  using value_type = compute_type<T>;
  static constexpr index_t rows_per_block = 1;

  value_type learning_rate;
  value_type momentum;
  value_type decay;
  index_t count;
  T* weights;
  value_type* moment;  ///< not touched without HasMomentum
  T const* gradient;
  update_sums* sums;  ///< one per block

  /// Updates the elements of `block`.
  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    sum_over_block<value_type>(group, block, count, sums, *this);
  }

  /// Updates elements `first` to `first + length - 1` and writes what was measured.
  SLIMFIT_HD void update_piece(index_t first, index_t length, value_type* changes, value_type* squares) const {
    value_type const rate = learning_rate;
    value_type const kept = momentum;
    value_type const pull = decay;
    T* const w = weights + first;
    value_type* const b = HasMomentum ? moment + first : nullptr;
    T const* const g = gradient + first;
#pragma omp simd
    for (index_t i = 0; i < length; ++i) {
      auto const slope = static_cast<value_type>(g[i]);
      auto const old = static_cast<value_type>(w[i]);
      value_type direction = slope + pull * old;
      if constexpr (HasMomentum) {
        direction += kept * b[i];
        b[i] = direction;
      }
      auto const updated = static_cast<T>(old - rate * direction);
      w[i] = updated;
      changes[i] = relative_change(old, static_cast<value_type>(updated));
      squares[i] = slope * slope;
    }
  }
};

}  // namespace slimfit
