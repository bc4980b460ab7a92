// SPDX-License-Identifier: MIT
// Squared error of one score per sample: loss and gradient.
#pragma once

#include <slimfit/core/scalar.hpp>
#include <slimfit/kernels/sample_result.hpp>

namespace slimfit::kernels {

/// loss = (score - label)^2; gradient = 2 * (score - label) * scale. `gradient` may be null. One group per sample.
template <scalar T>
struct squared_error {
  using scalar_type = T;

  T const* scores;
  float const* labels;
  compute_type<T> scale;
  T* gradient;
  sample_result* results;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    if (group.lane() != 0) { return; }
    auto const difference = static_cast<compute_type<T>>(scores[row]) - static_cast<compute_type<T>>(labels[row]);
    results[row] = {static_cast<double>(difference) * static_cast<double>(difference), 0, 0};
    if (gradient != nullptr) { gradient[row] = static_cast<T>(2 * difference * scale); }
  }
};

}  // namespace slimfit::kernels
