// SPDX-License-Identifier: MIT
// Subtracts from every key of a sequence the mean over its tokens.
#pragma once

#include <slimfit/core/sequences.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// One group per sequence; in place. Padding takes no part.
template <int Width, scalar T>
struct center_keys {
  static constexpr int width = Width;
  using scalar_type = T;
  static constexpr index_t rows_per_block = 1;

  T* keys;
  sequence_rows sequences;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t sequence) const {
    using value_type = compute_type<T>;
    T* const first = keys + sequences.first(sequence) * Width;
    index_t const tokens = sequences.keys(sequence);
    auto mean = load<Width>(group, first);
    for (index_t token = 1; token < tokens; ++token) {
      mean = map([](value_type a, value_type b) { return a + b; }, mean, load<Width>(group, first + token * Width));
    }
    auto const share = value_type{1} / static_cast<value_type>(tokens);
    for (index_t token = 0; token < tokens; ++token) {
      T* const row = first + token * Width;
      store(group, row,
            map([share](value_type x, value_type total) { return x - share * total; }, load<Width>(group, row), mean));
    }
  }
};

}  // namespace slimfit::kernels
