// SPDX-License-Identifier: MIT
// Which square of a picture a network sees, as torchvision's transforms choose it: the middle for evaluation, a random
// part for training.
#pragma once

#include <cmath>

#include <slimfit/core/philox.hpp>

#include "resize.hpp"

namespace examples {

/// The shorter side before the middle of `side` pixels is cut out. Models of 224 pixels and the like were made for
/// 256 / 224 of it; those of 384 and more see all of it (Dosovitskiy et al. 2021).
constexpr index_t resized_side(index_t side) { return side >= 384 ? side : side * 256 / 224; }

/// Where the middle begins when what lies around it is an odd number of pixels.
enum class odd_margin : unsigned char {
  even,  ///< half a pixel goes to the even number, as Python rounds: torchvision's CenterCrop
  left   ///< the smaller half lies before it: transformers' image processors
};

/// The middle `side` pixels each way of what `image` is when it is resized to `width` x `height`, both at least `side`.
inline rgb_image middle(rgb_image const& image, index_t width, index_t height, index_t side, resize_filter filter,
                        odd_margin odd) {
  auto const margin = [&](index_t length) {
    return odd == odd_margin::left ? (length - side) / 2
                                   : static_cast<index_t>(std::nearbyint(static_cast<double>(length - side) / 2));
  };
  return resize(image, {0, 0, image.width, image.height}, width, height, {margin(width), margin(height), side, side},
                filter);
}

/// The middle: Resize(resized), CenterCrop(side).
/// @param resized pixels of the shorter side, at least `side`
inline rgb_image central_square(rgb_image const& image, index_t side, index_t resized, resize_filter filter,
                                odd_margin odd = odd_margin::even) {
  index_t const shorter = std::min(image.width, image.height);
  auto const after = [&](index_t length) { return resized * length / shorter; };
  return middle(image, after(image.width), after(image.height), side, filter, odd);
}

/// A part of 8 to 100 % of the area, with sides of 3 : 4 to 4 : 3, and whether it is mirrored.
struct random_view {
  rectangle part;
  bool mirrored = false;
};

/// RandomResizedCrop and RandomHorizontalFlip, drawn from the numbers of (seed, epoch, sample).
inline random_view draw_view(index_t width, index_t height, std::uint64_t seed, index_t epoch, index_t sample) {
  constexpr std::uint32_t place = 0xFFFF0003U;  // apart from the places of layers
  constexpr index_t attempts = 10;
  constexpr index_t numbers = 64;  // set aside for each sample
  slimfit::random_stream const random{seed, static_cast<std::uint32_t>(epoch), place};
  auto const word = [&](index_t i) { return random.word(numbers * sample + i); };
  auto const between = [&](index_t i, double low, double high) { return low + (high - low) * 0x1p-32 * word(i); };
  // 0 to most.
  auto const below = [&](index_t i, index_t most) {
    return static_cast<index_t>((std::uint64_t{word(i)} * static_cast<std::uint64_t>(most + 1)) >> 32U);
  };
  bool const mirrored = word(numbers - 1) >> 31U != 0;
  auto const area = static_cast<double>(width * height);
  for (index_t i = 0; i < 4 * attempts; i += 4) {
    double const target = area * between(i, 0.08, 1.0);
    double const ratio = std::exp(between(i + 1, std::log(3.0 / 4.0), std::log(4.0 / 3.0)));
    auto const w = static_cast<index_t>(std::nearbyint(std::sqrt(target * ratio)));
    auto const h = static_cast<index_t>(std::nearbyint(std::sqrt(target / ratio)));
    if (w >= 1 && w <= width && h >= 1 && h <= height) {
      return {{below(i + 2, width - w), below(i + 3, height - h), w, h}, mirrored};
    }
  }
  // Too long or too high a picture: as much of its middle as the ratios allow.
  auto const rounded = [](double value) { return std::max<index_t>(1, static_cast<index_t>(std::nearbyint(value))); };
  index_t const w = std::min(width, rounded(static_cast<double>(height) * 4 / 3));
  index_t const h = std::min(height, rounded(static_cast<double>(width) * 4 / 3));
  return {{(width - w) / 2, (height - h) / 2, w, h}, mirrored};
}

/// What `draw_view` chose, as a square.
inline rgb_image square_of(rgb_image const& image, random_view const& view, index_t side, resize_filter filter) {
  auto square = resize(image, view.part, side, side, {0, 0, side, side}, filter);
  if (view.mirrored) {
    for (index_t y = 0; y < side; ++y) {
      auto* const row = square.pixels.data() + 3 * side * y;
      for (index_t left = 0, right = side - 1; left < right; ++left, --right) {
        std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
      }
    }
  }
  return square;
}

}  // namespace examples
