// SPDX-License-Identifier: MIT
// Data of the examples of this folder: noise that is brighter in one of two classes.
#pragma once

#include <slimfit/models/vit.hpp>

#include <cstdint>
#include <random>
#include <vector>

namespace extending {

inline constexpr slimfit::vit_shape shape{
    .image = 16, .patch = 4, .channels = 1, .hidden = 32, .heads = 4, .mlp = 64, .layers = 3, .classes = 2};

struct noise {
  /// @param numbers of an image
  explicit noise(slimfit::index_t numbers) : numbers_(static_cast<std::size_t>(numbers)) {}

  std::vector<float> images;
  std::vector<std::int32_t> labels;

  /// Another batch.
  void draw(std::size_t count) {
    labels.resize(count);
    images.resize(count * numbers_);
    for (auto& label : labels) { label = static_cast<std::int32_t>(random_() % 2); }
    for (std::size_t i = 0; i < images.size(); ++i) {
      images[i] = normal_(random_) + (labels[i / numbers_] == 1 ? 0.5F : -0.5F);
    }
  }

 private:
  std::size_t numbers_;
  std::mt19937 random_{1};
  std::normal_distribution<float> normal_;
};

}  // namespace extending
