// SPDX-License-Identifier: MIT
// A colour picture in memory.
#pragma once

#include <cstdint>
#include <vector>

#include <slimfit/core/config.hpp>

namespace examples {

using slimfit::index_t;

/// Three bytes a pixel (red, green, blue), row by row.
struct rgb_image {
  index_t width = 0;
  index_t height = 0;
  std::vector<std::uint8_t> pixels;
};

/// A part of a picture, or of what a picture becomes when it is resized.
struct rectangle {
  index_t left = 0;
  index_t top = 0;
  index_t width = 0;
  index_t height = 0;

  friend bool operator==(rectangle const&, rectangle const&) = default;
};

}  // namespace examples
