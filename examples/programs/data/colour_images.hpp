// SPDX-License-Identifier: MIT
// Small colour images in memory as samples of a larger size.
#pragma once

#include <algorithm>
#include <cstdint>
#include <slimfit/io/crc32.hpp>
#include <utility>
#include <vector>

#include "preprocessing.hpp"
#include "samples.hpp"

namespace examples {

/// Square images, one byte a pixel and channel: red plane, green plane, blue plane.
struct colour_images {
  index_t side = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;

  [[nodiscard]] index_t count() const { return static_cast<index_t>(labels.size()); }
};

/// Where a pixel of an enlarged line lies in the original: between `low` and `low + 1`, or on `low` at the end.
struct resampling {
  index_t low;
  index_t high;
  float share;  ///< of `high`
};

/// Bilinear resizing of a line of `from` pixels to `to`: pixels are squares, edges are repeated, nothing is smoothed.
inline std::vector<resampling> bilinear(index_t from, index_t to) {
  std::vector<resampling> line;
  for (index_t i = 0; i < to; ++i) {
    auto const place =
        std::max(0.0F, (static_cast<float>(i) + 0.5F) * static_cast<float>(from) / static_cast<float>(to) - 0.5F);
    auto const low = std::min(static_cast<index_t>(place), from - 1);
    line.push_back({low, std::min(low + 1, from - 1), place - static_cast<float>(low)});
  }
  return line;
}

class resized_images : public sample_source<float, std::int32_t> {
 public:
  /// @param side of what the network reads
  /// @param how scale of the colours; enlarging is bilinear in any case
  resized_images(colour_images images, index_t side, preprocessing const& how = {})
      : images_(std::move(images)), side_(side), how_(how), line_(bilinear(images_.side, side)) {}

  [[nodiscard]] index_t size() const override { return images_.count(); }
  void fill(index_t i, index_t /*epoch*/, float* inputs, std::int32_t* labels) const override {
    index_t const plane = images_.side * images_.side;
    for (index_t channel = 0; channel < 3; ++channel) {
      auto const* const from = images_.pixels.data() + (3 * i + channel) * plane;
      auto const at = static_cast<std::size_t>(channel);
      for (index_t y = 0; y < side_; ++y) {
        auto const& row = line_[static_cast<std::size_t>(y)];
        auto const* const low = from + row.low * images_.side;
        auto const* const high = from + row.high * images_.side;
        for (auto const& column : line_) {
          auto const between = [&](std::uint8_t const* pixels) {
            auto const left = static_cast<float>(pixels[column.low]);
            return left + column.share * (static_cast<float>(pixels[column.high]) - left);
          };
          float const top = between(low);
          *inputs++ = how_.value(top + row.share * (between(high) - top), at);
        }
      }
    }
    *labels = images_.labels[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] std::string checksum() const override {
    slimfit::crc32 sum;
    how_.add_to(sum, side_);
    return sum.add(images_.pixels).add(images_.labels).text();
  }
  [[nodiscard]] std::vector<std::int32_t> const& labels() const { return images_.labels; }

 private:
  colour_images images_;
  index_t side_;
  preprocessing how_;
  std::vector<resampling> line_;
};

}  // namespace examples
