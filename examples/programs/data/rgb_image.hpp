// SPDX-License-Identifier: MIT
// A colour picture in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace examples {

using slimfit::index_t;

/// Three bytes a pixel (red, green, blue), row by row.
struct rgb_image {
  index_t width = 0;
  index_t height = 0;
  std::vector<std::uint8_t> pixels;
};

/// Refuses what no file of `bytes` bytes can hold, so that a damaged header can ask neither for more memory nor for
/// more time than the file is worth: the densest JPEG files take one bit for 64 pixels.
/// @throws slimfit::file_error
inline void require_plausible_size(index_t width, index_t height, index_t bytes, std::string const& name) {
  constexpr index_t largest_side = 1 << 14;
  auto const size = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (width < 1 || height < 1 || width > largest_side || height > largest_side) {
    throw slimfit::file_error("slimfit: " + name + " has " + size + ", expected sides of 1 to " +
                              std::to_string(largest_side));
  }
  if (width * height > 512 * bytes) {
    throw slimfit::file_error("slimfit: " + name + " has " + std::to_string(bytes) + " bytes, expected more for " +
                              size);
  }
}

/// A part of a picture, or of what a picture becomes when it is resized.
struct rectangle {
  index_t left = 0;
  index_t top = 0;
  index_t width = 0;
  index_t height = 0;

  friend bool operator==(rectangle const&, rectangle const&) = default;
};

}  // namespace examples
