// SPDX-License-Identifier: MIT
// Decodes JPEG files with libjpeg-turbo (link with it) to the pixels that Pillow's convert("RGB") gives: colour, grey,
// and CMYK as Adobe's programs write it. Strict: a file that is cut, damaged or of another kind is an error.
#pragma once

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs it
#include <span>
#include <string>

#include <jerror.h>
#include <jpeglib.h>
#include <slimfit/core/error.hpp>

#include "rgb_image.hpp"

namespace examples {

namespace detail {

/// The library reports errors by calling a function that must not return. It is C, so no exception may pass through it:
/// the function jumps back to `attempt`, whose callees own nothing that a jump could lose.
class jpeg_decoder {
 public:
  jpeg_decoder(std::span<std::byte const> bytes, std::string const& name) : bytes_(bytes), name_(name) {
    library_.err = jpeg_std_error(&errors_.base);
    library_.client_data = this;
    errors_.base.error_exit = [](j_common_ptr library) { of(library).give_up(); };
    errors_.base.emit_message = [](j_common_ptr library, int level) {
      if (level < 0 && !is_harmless(library->err->msg_code)) { of(library).give_up(); }
    };
    errors_.base.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = [](j_common_ptr library) { of(library).limit_scans(); };
  }
  jpeg_decoder(jpeg_decoder const&) = delete;
  jpeg_decoder& operator=(jpeg_decoder const&) = delete;
  ~jpeg_decoder() { jpeg_destroy_decompress(&library_); }

  rgb_image decode() {
    attempt([](jpeg_decoder& self) { self.read_header(); });
    require_plausible_size(library_.image_width, library_.image_height, std::ssize(bytes_), name_);
    auto const channels = static_cast<std::size_t>(is_cmyk() ? 4 : 3);
    rgb_image image{library_.image_width, library_.image_height, {}};
    row_bytes_ = channels * library_.image_width;
    image.pixels.resize(row_bytes_ * library_.image_height);
    target_ = image.pixels.data();
    attempt([](jpeg_decoder& self) { self.read_pixels(); });
    if (is_cmyk()) { to_rgb(image); }
    return image;
  }

 private:
  /// Damaged files can have thousands, each of which takes a pass over all pixels; programs write ten or so.
  static constexpr int most_scans = 100;

  struct error_manager {
    jpeg_error_mgr base;
    std::jmp_buf back;
  };

  static jpeg_decoder& of(j_common_ptr library) { return *static_cast<jpeg_decoder*>(library->client_data); }
  /// Warnings about what does not touch the pixels: old versions, superfluous bytes between markers.
  static bool is_harmless(int code) {
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
  }
  [[noreturn]] void fail(std::string const& what) const { throw slimfit::file_error("slimfit: " + name_ + " " + what); }
  [[noreturn]] void give_up() {
    errors_.base.format_message(reinterpret_cast<j_common_ptr>(&library_), message_);
    std::longjmp(errors_.back, 1);
  }
  void limit_scans() {
    if (library_.input_scan_number <= most_scans) { return; }
    std::snprintf(message_, sizeof message_, "it has more than %d scans", most_scans);
    std::longjmp(errors_.back, 1);
  }
  /// Runs `part`, which must have no local objects with destructors.
  void attempt(void (*part)(jpeg_decoder&)) {
    if (setjmp(errors_.back) != 0) { fail(std::string("could not be decoded as a JPEG image: ") + message_); }
    part(*this);
  }

  void read_header() {
    jpeg_create_decompress(&library_);
    library_.progress = &progress_;
    // Older versions of the library take a pointer to bytes that are not constant.
    auto* const first = const_cast<unsigned char*>(reinterpret_cast<unsigned char const*>(bytes_.data()));
    jpeg_mem_src(&library_, first, static_cast<unsigned long>(bytes_.size()));
    jpeg_read_header(&library_, TRUE);
    library_.out_color_space = is_cmyk() ? JCS_CMYK : JCS_RGB;
  }
  void read_pixels() {
    jpeg_start_decompress(&library_);
    while (library_.output_scanline < library_.output_height) {
      JSAMPROW row = target_ + library_.output_scanline * row_bytes_;
      jpeg_read_scanlines(&library_, &row, 1);
    }
    jpeg_finish_decompress(&library_);
  }

  [[nodiscard]] bool is_cmyk() const { return library_.num_components == 4; }
  /// Adobe's programs write inverted values: ink that is not there.
  static void to_rgb(rgb_image& image) {
    auto const* from = image.pixels.data();
    auto* to = image.pixels.data();
    for (index_t i = 0; i < image.width * image.height; ++i, from += 4, to += 3) {
      int const light = from[3];
      for (int channel = 0; channel < 3; ++channel) {
        int const product = (255 - from[channel]) * light + 128;
        to[channel] = static_cast<std::uint8_t>(std::max(0, light - ((product + (product >> 8)) >> 8)));
      }
    }
    image.pixels.resize(static_cast<std::size_t>(3 * image.width * image.height));
  }

  std::span<std::byte const> bytes_;
  std::string const& name_;
  jpeg_decompress_struct library_{};
  jpeg_progress_mgr progress_{};
  error_manager errors_{};
  char message_[JMSG_LENGTH_MAX] = {};
  std::uint8_t* target_ = nullptr;
  std::size_t row_bytes_ = 0;
};

}  // namespace detail

/// @param name of the file, for messages
/// @throws slimfit::file_error
inline rgb_image decode_jpeg(std::span<std::byte const> bytes, std::string const& name) {
  return detail::jpeg_decoder(bytes, name).decode();
}

}  // namespace examples
