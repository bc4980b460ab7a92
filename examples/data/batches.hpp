// SPDX-License-Identifier: MIT
// Mini-batches in an order that is a function of (seed, epoch), so that the position in training is a plain step number
// and a resumed run sees exactly the batches that the interrupted one would have seen.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <slimfit/core/philox.hpp>

#include "idx.hpp"

namespace examples {

/// The numbers 0 to count - 1, shuffled (Fisher-Yates over Philox).
inline std::vector<index_t> shuffled(index_t count, std::uint64_t seed, index_t epoch) {
  constexpr std::uint32_t place = 0xFFFF0002U;  // apart from the places of layers
  slimfit::random_stream const random{seed, static_cast<std::uint32_t>(epoch), place};
  std::vector<index_t> order(static_cast<std::size_t>(count));
  for (index_t i = 0; i < count; ++i) { order[static_cast<std::size_t>(i)] = i; }
  for (index_t i = count - 1; i > 0; --i) {
    // Scaling 32 bits to [0, i]: with fewer than 2^20 images some are 0.02 % likelier than others at most.
    auto const j = static_cast<std::size_t>((std::uint64_t{random.word(i)} * static_cast<std::uint64_t>(i + 1)) >> 32U);
    std::swap(order[static_cast<std::size_t>(i)], order[j]);
  }
  return order;
}

/// How pixels become inputs: (pixel / 255 - mean) / deviation.
struct normalisation {
  float mean = 0.5F;
  float deviation = 0.5F;
};

/// One batch: `images` are batch x rows x columns. Valid until the next batch is made.
struct image_batch {
  std::span<float const> images;
  std::span<std::int32_t const> labels;
};

/// Shuffled batches for training, batches in order for evaluation. Keep the data alive.
class image_batches {
 public:
  /// @param subset use only the first so many images; 0 for all
  /// @throws slimfit::value_error when there is not one whole batch.
  image_batches(labelled_images const& data, index_t batch_size, std::uint64_t seed, normalisation scale = {},
                index_t subset = 0)
      : data_(&data), batch_size_(batch_size), seed_(seed), scale_(scale) {
    count_ = subset > 0 ? std::min(subset, data.images.count) : data.images.count;
    if (batch_size < 1 || batch_size > count_) {
      throw slimfit::value_error(slimfit::mismatch(
          "batch size", batch_size, "at least 1 and at most the number of images, " + std::to_string(count_)));
    }
  }

  [[nodiscard]] index_t size() const { return count_; }
  /// Whole batches in an epoch; what is left over waits for the next shuffle.
  [[nodiscard]] index_t steps_per_epoch() const { return count_ / batch_size_; }

  /// The batch of a training step, counted from 0 over all epochs.
  image_batch training(index_t step) {
    index_t const epoch = step / steps_per_epoch();
    if (epoch != epoch_) {
      order_ = shuffled(count_, seed_, epoch);
      epoch_ = epoch;
    }
    index_t const first = step % steps_per_epoch() * batch_size_;
    return fill(batch_size_, [&](index_t i) { return order_[static_cast<std::size_t>(first + i)]; });
  }
  /// Batches that cover every image once; the last may be smaller.
  [[nodiscard]] index_t evaluation_steps() const { return slimfit::divide_up(count_, batch_size_); }
  image_batch evaluation(index_t step) {
    index_t const first = step * batch_size_;
    return fill(std::min(batch_size_, count_ - first), [&](index_t i) { return first + i; });
  }

 private:
  template <class Pick>
  image_batch fill(index_t size, Pick const& pick) {
    auto const pixels = static_cast<std::size_t>(data_->images.rows * data_->images.columns);
    images_.resize(static_cast<std::size_t>(size) * pixels);
    labels_.resize(static_cast<std::size_t>(size));
    for (index_t i = 0; i < size; ++i) {
      auto const source = static_cast<std::size_t>(pick(i));
      auto const* from = data_->images.pixels.data() + source * pixels;
      std::transform(
          from, from + pixels, images_.data() + static_cast<std::size_t>(i) * pixels,
          [&](std::uint8_t pixel) { return (static_cast<float>(pixel) / 255.0F - scale_.mean) / scale_.deviation; });
      labels_[static_cast<std::size_t>(i)] = data_->labels[source];
    }
    return {images_, labels_};
  }

  labelled_images const* data_;
  index_t batch_size_;
  index_t count_ = 0;
  std::uint64_t seed_;
  normalisation scale_;
  index_t epoch_ = -1;
  std::vector<index_t> order_;
  std::vector<float> images_;
  std::vector<std::int32_t> labels_;
};

}  // namespace examples
