// SPDX-License-Identifier: MIT
// A kernel of one's own: a function object that a group of lanes runs for each row.
#pragma once
#include <slimfit/rows/tile.hpp>

/// One row: output = input * factors, element by element. With a stride of 0 all rows have the same factors.
template <int Width, slimfit::scalar T>
struct times_rows {
  static constexpr int width = Width;  // with the scalar's size, what backends choose the group of lanes from
  using scalar_type = T;

  T const* input;
  T const* factors;
  slimfit::index_t stride;
  T* output;  ///< may be `input` or `factors`

  template <slimfit::lane_group Group>
  SLIMFIT_HD void operator()(Group group, slimfit::index_t row) const {
    auto const x = slimfit::load<Width>(group, input + row * Width);
    auto const f = slimfit::load<Width>(group, factors + row * stride);
    store(group, output + row * Width, map([](auto a, auto b) { return a * b; }, x, f));
  }
};
