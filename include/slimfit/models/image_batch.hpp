// SPDX-License-Identifier: MIT
// A batch of images as a network of sequences reads it: as it is, each image a sequence of `Tokens` tokens.
#pragma once

#include <span>

#include <slimfit/core/sequences.hpp>

namespace slimfit {

template <class T, index_t Tokens>
class image_batch {
 public:
  image_batch() = default;
  /// @param images must outlive the batch's copy to the backend
  image_batch(std::span<T const> images, index_t count) : images_(images), count_(count) {}

  [[nodiscard]] std::span<T const> inputs() const { return images_; }
  [[nodiscard]] std::span<std::int32_t const> offsets() const { return {}; }
  [[nodiscard]] sequence_batch sequences(std::int32_t const* /*offsets*/) const { return {count_, Tokens}; }

 private:
  std::span<T const> images_;
  index_t count_ = 0;
};

}  // namespace slimfit
