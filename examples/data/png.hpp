// SPDX-License-Identifier: MIT
// Decodes PNG files with libpng (link with it): ImageNet has one under a JPEG's name. Colour and grey in 8 bits or
// less.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <png.h>
#include <slimfit/core/error.hpp>

#include "rgb_image.hpp"

namespace examples {

/// Whether the first bytes are those of a PNG file.
inline bool is_png(std::span<std::byte const> bytes) {
  return bytes.size() >= 8 && png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, 8) == 0;
}

/// @param name of the file, for messages
/// @throws slimfit::file_error
inline rgb_image decode_png(std::span<std::byte const> bytes, std::string const& name) {
  struct reader {
    png_image image{};
    ~reader() { png_image_free(&image); }
  } file;
  auto& library = file.image;
  auto const require = [&](int success) {
    if (success == 0) {
      throw slimfit::file_error("slimfit: " + name + " could not be decoded as a PNG image: " + library.message);
    }
  };
  library.version = PNG_IMAGE_VERSION;
  require(png_image_begin_read_from_memory(&library, bytes.data(), bytes.size()));
  if ((library.format & (PNG_FORMAT_FLAG_ALPHA | PNG_FORMAT_FLAG_LINEAR)) != 0) {
    throw slimfit::file_error("slimfit: " + name +
                              " is a PNG image with transparency or 16 bits, expected colours or grey in 8 bits");
  }
  rgb_image image{library.width, library.height, {}};
  require_plausible_size(image.width, image.height, std::ssize(bytes), name);
  image.pixels.resize(static_cast<std::size_t>(3 * image.width * image.height));
  library.format = PNG_FORMAT_RGB;
  require(png_image_finish_read(&library, nullptr, image.pixels.data(), 0, nullptr));
  return image;
}

}  // namespace examples
