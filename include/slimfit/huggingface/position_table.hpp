// SPDX-License-Identifier: MIT
// Position tables of vision transformers for images of another size: bicubic (a = -0.75), half-pixel centres, edges
// repeated, no antialiasing, as `transformers` does it for DINOv2. The class token's row stays as it is.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// The four source rows, and their weights, of which row `target` of a resized side is made.
struct cubic_taps {
  index_t rows[4];
  double weights[4];
};

/// Of row `target` of `targets`, made of `sources` rows: bicubic, with half-pixel centres and repeated edges.
inline cubic_taps cubic_taps_of(index_t target, index_t targets, index_t sources) {
  constexpr double a = -0.75;
  double const centre =
      (static_cast<double>(target) + 0.5) * static_cast<double>(sources) / static_cast<double>(targets) - 0.5;
  auto const first = static_cast<index_t>(std::floor(centre)) - 1;
  cubic_taps taps{};
  for (index_t i = 0; i < 4; ++i) {
    double const d = std::abs(centre - static_cast<double>(first + i));
    taps.rows[i] = std::clamp<index_t>(first + i, 0, sources - 1);
    taps.weights[i] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : a * (((d - 5) * d + 8) * d - 4);
  }
  return taps;
}

/// @param table 1 + side x side rows of `width`
/// @return 1 + new_side x new_side rows
inline std::vector<double> resized_position_table(std::vector<double> const& table, index_t side, index_t new_side,
                                                  index_t width) {
  auto const at = [width](index_t row, index_t column) { return static_cast<std::size_t>(row * width + column); };
  std::vector<double> result(at(1 + new_side * new_side, 0));
  std::copy_n(table.begin(), width, result.begin());
  for (index_t y = 0; y < new_side; ++y) {
    auto const vertical = cubic_taps_of(y, new_side, side);
    for (index_t x = 0; x < new_side; ++x) {
      auto const horizontal = cubic_taps_of(x, new_side, side);
      for (int i = 0; i < 16; ++i) {
        double const weight = vertical.weights[i / 4] * horizontal.weights[i % 4];
        index_t const source = 1 + vertical.rows[i / 4] * side + horizontal.rows[i % 4];
        for (index_t c = 0; c < width; ++c) { result[at(1 + y * new_side + x, c)] += weight * table[at(source, c)]; }
      }
    }
  }
  return result;
}

}  // namespace slimfit
