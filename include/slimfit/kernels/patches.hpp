// SPDX-License-Identifier: MIT
// Images as rows of pixels: one row per token, the class token's row zero, so that one matrix product embeds them all.
#pragma once

#include <slimfit/rows/element_run.hpp>
#include <slimfit/rows/group.hpp>

namespace slimfit::kernels {

/// Row `first + r` of the token matrix: token 0 of each image is the class token, token `1 + i` is patch `i` in
/// row-major order. Pixels of a patch are ordered channel, row, column, as in a convolution's weight.
/// @tparam Image, Patch, Channels pixels per side of image and patch, colour channels
template <int Image, int Patch, int Channels, class T>
struct extract_patches {
  static constexpr int side = Image / Patch;
  static constexpr int tokens = side * side + 1;
  static constexpr int width = Channels * Patch * Patch;

  using scalar_type = T;

  T const* images;
  index_t first;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t r) const {
    index_t const row = first + r;
    index_t const image = row / tokens;
    auto const token = static_cast<int>(row % tokens);
    T* const target = output + r * width;
    if (token == 0) {
      for (int i = group.lane() * at_once; i < width; i += Group::size * at_once) {
        store_global_run(target + i, element_run<T, at_once>{});
      }
      return;
    }
    int const top = (token - 1) / side * Patch;
    int const left = (token - 1) % side * Patch;
    T const* const source = images + image * (Channels * Image * Image);
    for (int i = group.lane() * at_once; i < width; i += Group::size * at_once) {
      int const line = i / Patch;
      T const* const pixels = source + (line / Patch * Image + top + line % Patch) * Image + left;
      store_global_run(target + i, load_run<at_once>(pixels + i % Patch));
    }
  }

 private:
  /// Pixels of one access.
  static constexpr int widest = 16 / static_cast<int>(sizeof(T));
  static constexpr int at_once = Patch % widest == 0 && Image % widest == 0 ? widest : 1;
};

}  // namespace slimfit::kernels
