// SPDX-License-Identifier: MIT
// Softmax of rows whose width is known only at run time (attention scores), as functions over pointers for use inside a
// task: the row stays in cache between a task's two matrix products.
#pragma once

#include <slimfit/core/math.hpp>
#include <slimfit/core/scalar.hpp>

namespace slimfit::kernels {

/// probabilities = softmax(scale * scores).
/// @param probabilities may be `scores`
/// @return log of the sum of exp(scale * score): with it `softmax_from_log_sum` rebuilds the probabilities
template <class T>
SLIMFIT_HD inline T softmax_row(T const* scores, T* probabilities, index_t width, T scale) {
  T largest = -math::infinity<T>;
  SLIMFIT_SIMD(reduction(max : largest))
  for (index_t i = 0; i < width; ++i) {
    T const score = scale * scores[i];
    largest = score > largest ? score : largest;
  }
  T total{};
  SLIMFIT_SIMD(reduction(+ : total))
  for (index_t i = 0; i < width; ++i) {
    SLIMFIT_ANY_ORDER
    T const p = math::exp(scale * scores[i] - largest);
    probabilities[i] = p;
    total += p;
  }
  T const inverse = T{1} / total;
  SLIMFIT_SIMD()
  for (index_t i = 0; i < width; ++i) { probabilities[i] *= inverse; }
  return largest + std::log(total);
}

/// probabilities = exp(scale * scores - log_sum); may be `scores`.
template <class T>
SLIMFIT_HD inline void softmax_from_log_sum(T const* scores, T* probabilities, index_t width, T scale, T log_sum) {
  SLIMFIT_SIMD()
  for (index_t i = 0; i < width; ++i) { probabilities[i] = math::exp(scale * scores[i] - log_sum); }
}

/// gradient = scale * p * (dp - sum(p * dp)): the gradient of the scores.
/// @param gradient may be `probability_gradient`
template <class T>
SLIMFIT_HD inline void softmax_row_backward(T const* probabilities, T const* probability_gradient, T* gradient,
                                            index_t width, T scale = T{1}) {
  T dot{};
  SLIMFIT_SIMD(reduction(+ : dot))
  for (index_t i = 0; i < width; ++i) {
    SLIMFIT_ANY_ORDER
    dot += probabilities[i] * probability_gradient[i];
  }
  SLIMFIT_SIMD()
  for (index_t i = 0; i < width; ++i) { gradient[i] = scale * probabilities[i] * (probability_gradient[i] - dot); }
}

}  // namespace slimfit::kernels
