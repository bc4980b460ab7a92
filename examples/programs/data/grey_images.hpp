// SPDX-License-Identifier: MIT
// Images of IDX files as samples.
#pragma once

#include <algorithm>
#include <array>
#include <slimfit/io/crc32.hpp>
#include <utility>

#include "idx.hpp"
#include "samples.hpp"

namespace examples {

/// How pixels become inputs: (pixel / 255 - mean) / deviation.
struct normalisation {
  float mean = 0.5F;
  float deviation = 0.5F;
};

class grey_images : public sample_source<float, std::int32_t> {
 public:
  explicit grey_images(labelled_images data, normalisation scale = {}) : data_(std::move(data)), scale_(scale) {}

  [[nodiscard]] index_t size() const override { return data_.images.count; }
  void fill(index_t i, index_t /*epoch*/, float* inputs, std::int32_t* labels) const override {
    index_t const pixels = data_.images.rows * data_.images.columns;
    std::transform(
        data_.images.pixels.data() + i * pixels, data_.images.pixels.data() + (i + 1) * pixels, inputs,
        [&](std::uint8_t pixel) { return (static_cast<float>(pixel) / 255.0F - scale_.mean) / scale_.deviation; });
    *labels = data_.labels[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] std::string checksum() const override {
    std::array const scale{scale_.mean, scale_.deviation};
    return slimfit::crc32().add(scale).add(data_.images.pixels).add(data_.labels).text();
  }

 private:
  labelled_images data_;
  normalisation scale_;
};

}  // namespace examples
