// SPDX-License-Identifier: MIT
// AdamW over one parameter in one pass: reads w, m, v, g, writes w, m, v, and measures the update on the way, so that
// no second copy of the weights is needed to know how far they moved.
#pragma once

#include <slimfit/kernels/update_sums.hpp>

namespace slimfit {

/// The numbers of one step, with bias corrections and the learning-rate schedule worked in.
/// @tparam C float or double
template <class C>
struct adamw_coefficients {
  C beta1;
  C beta2;
  C rest1;        ///< 1 - beta1, rounded once: from a rounded 0.999 the difference would be wrong by 1e-5 of itself
  C rest2;        ///< 1 - beta2
  C step_size;    ///< learning rate * sqrt(1 - beta2^t) / (1 - beta1^t)
  C epsilon;      ///< added to the root of the second moment as stored, without bias correction
  C decay;        ///< learning rate * weight decay
  C decay_moved;  ///< 1: weight decay applies to the updated weight; 0: to the weight before
};

/// One task is one block of `update_block` elements.
/// @tparam HasGradient false: a frozen parameter coasts on its moments, as if its gradient were zero
template <scalar T, bool HasGradient = true>
struct adamw_update {
  using value_type = compute_type<T>;
  static constexpr index_t rows_per_block = 1;

  adamw_coefficients<value_type> by;
  index_t count;
  T* weights;
  value_type* first_moment;
  value_type* second_moment;
  T const* gradient;  ///< not read without HasGradient
  update_sums* sums;  ///< one per block

  /// Updates the elements of `block`.
  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    sum_over_block<value_type>(group, block, count, sums, *this);
  }

  /// Updates elements `first` to `first + length - 1` and writes what was measured.
  SLIMFIT_HD void update_piece(index_t first, index_t length, value_type* changes, value_type* squares) const {
    // Members are read once: stores through the pointers could otherwise change them, for all the compiler knows.
    adamw_coefficients<value_type> const c = by;
    T* const w = weights + first;
    value_type* const m = first_moment + first;
    value_type* const v = second_moment + first;
    T const* const g = HasGradient ? gradient + first : nullptr;
#pragma omp simd
    for (index_t i = 0; i < length; ++i) {
      value_type slope{};
      if constexpr (HasGradient) { slope = static_cast<value_type>(g[i]); }
      squares[i] = slope * slope;
      m[i] = c.beta1 * m[i] + c.rest1 * slope;
      v[i] = c.beta2 * v[i] + c.rest2 * squares[i];
    }
    // Roots have a loop of their own: the branch that compilers keep for errno must not stop the others from
    // vectorising. With -fno-math-errno this one does too.
    value_type* const roots = changes;
    for (index_t i = 0; i < length; ++i) { roots[i] = std::sqrt(v[i]); }
#pragma omp simd
    for (index_t i = 0; i < length; ++i) {
      auto const old = static_cast<value_type>(w[i]);
      value_type const step = c.step_size * m[i] / (roots[i] + c.epsilon);
      // One subtraction from the weight: a factor 1 - decay would lose most of the decay's digits.
      auto const updated = static_cast<T>(old - (step + c.decay * (old - c.decay_moved * step)));
      w[i] = updated;
      changes[i] = relative_change(old, static_cast<value_type>(updated));
    }
  }
};

}  // namespace slimfit
