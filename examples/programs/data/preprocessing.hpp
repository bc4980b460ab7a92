// SPDX-License-Identifier: MIT
// What a pretrained model expects of its pictures: a part, a size, and a scale of colours.
#pragma once

#include <array>
#include <slimfit/io/crc32.hpp>

#include "crops.hpp"

namespace examples {

/// Where nothing else is said, as most models for ImageNet were trained.
struct preprocessing {
  /// What a network reads is (pixel * scale - mean) / deviation of each colour: by default ImageNet's statistics.
  std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
  std::array<float, 3> deviation{0.229F, 0.224F, 0.225F};
  double scale = 1 / 255.0;
  resize_filter filter = resize_filter::bilinear;
  /// For evaluation: the middle `cropped` of a picture whose shorter side is `resized`, or the same shares of it where
  /// the network reads another size. 0: as `resized_side` says.
  index_t resized = 0;
  index_t cropped = 0;
  bool squeezed = false;  ///< for evaluation: both sides are `resized`, whatever the picture's ratio becomes
  odd_margin odd = odd_margin::even;

  /// @param pixel 0 to 255
  [[nodiscard]] float value(double pixel, std::size_t colour) const {
    return (static_cast<float>(pixel * scale) - mean[colour]) / deviation[colour];
  }
  /// Adds all of it, and the `side` of what the network reads, to the checksum of a sample source.
  void add_to(slimfit::crc32& sum, index_t side) const {
    sum.add(mean).add(deviation).add(std::array{scale});
    sum.add(std::array{side, resized, cropped, static_cast<index_t>(squeezed), static_cast<index_t>(filter),
                       static_cast<index_t>(odd)});
  }
};

/// The shorter side of a picture, or both, before the middle of `side` pixels is cut out.
inline index_t evaluation_side(preprocessing const& how, index_t side) {
  if (how.cropped > 0) { return how.resized * side / how.cropped; }
  return how.squeezed ? side : resized_side(side);
}
/// What a network that reads `side` pixels is shown of a picture for evaluation.
inline rgb_image evaluation_square(rgb_image const& image, preprocessing const& how, index_t side) {
  index_t const resized = evaluation_side(how, side);
  if (how.squeezed) { return middle(image, resized, resized, side, how.filter, how.odd); }
  return central_square(image, side, resized, how.filter, how.odd);
}

}  // namespace examples
