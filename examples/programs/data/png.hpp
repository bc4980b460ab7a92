// SPDX-License-Identifier: MIT
// Decodes PNG files with libpng (link with it) to the pixels that Pillow's convert("RGB") gives: bytes as they are,
// whatever the file says of gamma and colour profiles; transparency is left out, of 16 bits the upper 8 count.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <vector>

#include <png.h>
#include <slimfit/core/error.hpp>

#include "rgb_image.hpp"

namespace examples {

/// Whether the first bytes are those of a PNG file.
inline bool is_png(std::span<std::byte const> bytes) {
  return bytes.size() >= 8 && png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, 8) == 0;
}

namespace detail {

/// The library reports errors by calling a function that must not return, as libjpeg does: see jpeg.hpp.
class png_decoder {
 public:
  png_decoder(std::span<std::byte const> bytes, std::string const& name) : bytes_(bytes), name_(name) {
    library_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp library, png_const_charp text) {
          auto& self = *static_cast<png_decoder*>(png_get_error_ptr(library));
          std::snprintf(self.message_, sizeof self.message_, "%s", text);
          std::longjmp(self.back_, 1);
        },
        [](png_structp /*library*/, png_const_charp /*text*/) {});
    info_ = library_ != nullptr ? png_create_info_struct(library_) : nullptr;
    if (info_ == nullptr) {
      png_destroy_read_struct(&library_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  png_decoder(png_decoder const&) = delete;
  png_decoder& operator=(png_decoder const&) = delete;
  ~png_decoder() { png_destroy_read_struct(&library_, &info_, nullptr); }

  rgb_image decode() {
    attempt([](png_decoder& self) { self.read_header(); });
    rgb_image image{png_get_image_width(library_, info_), png_get_image_height(library_, info_), {}};
    require_plausible_size(image.width, image.height, std::ssize(bytes_), name_);
    if (png_get_color_type(library_, info_) == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(library_, info_) == 16) {
      throw slimfit::file_error(
          "slimfit: " + name_ +
          " is a PNG image of grey in 16 bits, which programs read in different ways, expected 8");
    }
    auto const row_bytes = static_cast<std::size_t>(3 * image.width);
    image.pixels.resize(row_bytes * static_cast<std::size_t>(image.height));
    for (index_t row = 0; row < image.height; ++row) {
      rows_.push_back(image.pixels.data() + static_cast<std::size_t>(row) * row_bytes);
    }
    attempt([](png_decoder& self) { self.read_pixels(self.rows_.data()); });
    return image;
  }

 private:
  /// Runs `part`, which must have no local objects with destructors.
  void attempt(void (*part)(png_decoder&)) {
    if (setjmp(back_) != 0) {
      throw slimfit::file_error("slimfit: " + name_ + " could not be decoded as a PNG image: " + message_);
    }
    part(*this);
  }
  void read_header() {
    png_set_read_fn(library_, this, [](png_structp library, png_bytep target, std::size_t count) {
      auto& self = *static_cast<png_decoder*>(png_get_io_ptr(library));
      if (count > self.bytes_.size() - self.place_) { png_error(library, "the file ends early"); }
      std::memcpy(target, self.bytes_.data() + self.place_, count);
      self.place_ += count;
    });
    png_set_benign_errors(library_, 1);
    png_read_info(library_, info_);
  }
  void read_pixels(png_bytepp rows) {
    png_set_expand_gray_1_2_4_to_8(library_);
    png_set_palette_to_rgb(library_);
    png_set_strip_16(library_);
    png_set_strip_alpha(library_);
    png_set_gray_to_rgb(library_);
    png_set_interlace_handling(library_);
    png_read_update_info(library_, info_);
    if (png_get_rowbytes(library_, info_) != 3 * std::size_t{png_get_image_width(library_, info_)}) {
      png_error(library_, "it has colours of an unknown kind");
    }
    png_read_image(library_, rows);
    png_read_end(library_, nullptr);
  }

  std::span<std::byte const> bytes_;
  std::string const& name_;
  png_structp library_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<png_bytep> rows_;
  std::jmp_buf back_;
  char message_[256] = {};
  std::size_t place_ = 0;  ///< in `bytes_`
};

}  // namespace detail

/// @param name of the file, for messages
/// @throws slimfit::file_error
inline rgb_image decode_png(std::span<std::byte const> bytes, std::string const& name) {
  return detail::png_decoder(bytes, name).decode();
}

}  // namespace examples
