// SPDX-License-Identifier: MIT
// Resizes pictures as Pillow does, and torchvision's Resize with it: bilinear or bicubic, smoothed where the picture
// shrinks, first along rows and then along columns, in fixed-point numbers and rounded to bytes after each. Results are
// the same to the bit where both axes have one scale; else recent versions of Pillow may begin with columns, and a few
// values differ by 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "rgb_image.hpp"

namespace examples {

enum class resize_filter : unsigned char { bilinear, bicubic };

/// How much a pixel counts at a distance from the centre. Bicubic is Keys' (1981) with a = -0.5.
inline double filter_value(resize_filter filter, double distance) {
  double const x = std::abs(distance);
  if (filter == resize_filter::bilinear) { return std::max(0.0, 1 - x); }
  constexpr double a = -0.5;
  if (x < 1) { return ((a + 2) * x - (a + 3)) * x * x + 1; }
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/// How pixels of a resized line come from pixels of the original.
struct line_weights {
  static constexpr int fraction_bits = 22;

  struct source {
    index_t first;  ///< pixel of the original
    index_t count;  ///< of pixels that count, and of weights
    index_t place;  ///< of its first weight
  };
  std::vector<source> pixels;
  std::vector<std::int32_t> weights;
};

/// Bilinear: the triangle that reaches to the next pixel, of the original or of the result, whichever are farther
/// apart. Bicubic: a wave that reaches twice as far.
/// @param from, to pixels of the whole line
/// @param first, count pixels of the result that are wanted
inline line_weights filter_weights(resize_filter filter, index_t from, index_t to, index_t first, index_t count) {
  double const scale = static_cast<double>(from) / static_cast<double>(to);
  double const width = std::max(1.0, scale);
  double const reach = filter == resize_filter::bilinear ? width : 2 * width;
  line_weights line;
  std::vector<double> shares;
  for (index_t i = first; i < first + count; ++i) {
    double const center = (static_cast<double>(i) + 0.5) * scale;
    auto const low = std::max<index_t>(0, static_cast<index_t>(std::floor(center - reach + 0.5)));
    auto const high = std::min(from, static_cast<index_t>(std::floor(center + reach + 0.5)));
    shares.clear();
    double sum = 0;
    for (index_t pixel = low; pixel < high; ++pixel) {
      double const distance = (static_cast<double>(pixel) - center + 0.5) * (1.0 / width);
      sum += shares.emplace_back(filter_value(filter, distance));
    }
    line.pixels.push_back({low, high - low, std::ssize(line.weights)});
    for (double const share : shares) {
      line.weights.push_back(static_cast<std::int32_t>(std::round(share / sum * (1 << line_weights::fraction_bits))));
    }
  }
  return line;
}

namespace detail {
inline constexpr std::int32_t half = 1 << (line_weights::fraction_bits - 1);
inline std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> line_weights::fraction_bits, 0, 255));
}
}  // namespace detail

/// Part `wanted` of what part `part` of `image` is when it is resized to `width` x `height`. Nothing else is computed,
/// so a long thin picture costs no more than another.
inline rgb_image resize(rgb_image const& image, rectangle const& part, index_t width, index_t height,
                        rectangle const& wanted, resize_filter filter) {
  auto const columns = filter_weights(filter, part.width, width, wanted.left, wanted.width);
  auto const rows = filter_weights(filter, part.height, height, wanted.top, wanted.height);
  index_t const first_row = rows.pixels.front().first;
  index_t const row_count = rows.pixels.back().first + rows.pixels.back().count - first_row;

  index_t const row_bytes = 3 * wanted.width;
  std::vector<std::uint8_t> narrowed(static_cast<std::size_t>(row_count * row_bytes));
  auto* to = narrowed.data();
  for (index_t row = 0; row < row_count; ++row) {
    auto const* const line = image.pixels.data() + 3 * ((part.top + first_row + row) * image.width + part.left);
    for (auto const& pixel : columns.pixels) {
      std::int32_t sums[3] = {detail::half, detail::half, detail::half};
      for (index_t i = 0; i < pixel.count; ++i) {
        auto const weight = columns.weights[static_cast<std::size_t>(pixel.place + i)];
        auto const* const from = line + 3 * (pixel.first + i);
        for (int channel = 0; channel < 3; ++channel) { sums[channel] += weight * from[channel]; }
      }
      for (auto const sum : sums) { *to++ = detail::to_byte(sum); }
    }
  }

  rgb_image result{wanted.width, wanted.height,
                   std::vector<std::uint8_t>(static_cast<std::size_t>(wanted.height * row_bytes))};
  std::vector<std::int32_t> sums(static_cast<std::size_t>(row_bytes));
  to = result.pixels.data();
  for (auto const& pixel : rows.pixels) {
    std::fill(sums.begin(), sums.end(), detail::half);
    for (index_t i = 0; i < pixel.count; ++i) {
      auto const weight = rows.weights[static_cast<std::size_t>(pixel.place + i)];
      auto const* const from = narrowed.data() + (pixel.first - first_row + i) * row_bytes;
      for (std::size_t x = 0; x < sums.size(); ++x) { sums[x] += weight * from[x]; }
    }
    to = std::transform(sums.begin(), sums.end(), to, detail::to_byte);
  }
  return result;
}

}  // namespace examples
