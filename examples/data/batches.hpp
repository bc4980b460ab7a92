// SPDX-License-Identifier: MIT
// Mini-batches in an order that is a function of (seed, epoch), so that the position in training is a plain step number
// and a resumed run sees exactly the batches that the interrupted one would have seen.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/core/philox.hpp>

#include "samples.hpp"

namespace examples {

/// The numbers 0 to count - 1, shuffled (Fisher-Yates over Philox).
inline std::vector<index_t> shuffled(index_t count, std::uint64_t seed, index_t epoch) {
  constexpr std::uint32_t place = 0xFFFF0002U;  // apart from the places of layers
  slimfit::random_stream const random{seed, static_cast<std::uint32_t>(epoch), place};
  std::vector<index_t> order(static_cast<std::size_t>(count));
  for (index_t i = 0; i < count; ++i) { order[static_cast<std::size_t>(i)] = i; }
  for (index_t i = count - 1; i > 0; --i) {
    // Scaling 32 bits to [0, i]: with fewer than 2^20 samples some are 0.02 % likelier than others at most.
    auto const j = static_cast<std::size_t>((std::uint64_t{random.word(i)} * static_cast<std::uint64_t>(i + 1)) >> 32U);
    std::swap(order[static_cast<std::size_t>(i)], order[j]);
  }
  return order;
}

/// Sorts `order` by length within windows of `window` batches, so that a batch's samples are of about one length, and
/// shuffles the batches of a window. What is left over stays where it is.
template <class Length>
std::vector<index_t> bucketed(std::vector<index_t> order, index_t batch, index_t window, std::uint64_t seed,
                              index_t epoch, Length const& length) {
  index_t const batches = static_cast<index_t>(order.size()) / batch;
  for (index_t first = 0; first < batches; first += window) {
    index_t const count = std::min(window, batches - first);
    auto const begin = order.begin() + first * batch;
    std::stable_sort(begin, begin + count * batch, [&](index_t a, index_t b) { return length(a) < length(b); });
    std::vector<index_t> const sorted(begin, begin + count * batch);
    auto const places = shuffled(count, seed + 1, epoch * batches + first);
    for (index_t i = 0; i < count; ++i) {
      std::copy_n(sorted.begin() + places[static_cast<std::size_t>(i)] * batch, batch, begin + i * batch);
    }
  }
  return order;
}

/// One batch. Valid until the next one is made.
template <class Input, class Label>
struct sample_batch {
  std::span<Input const> inputs;
  std::span<Label const> labels;
};

/// How batches are made.
struct batch_options {
  index_t size = 32;
  std::uint64_t seed = 1;
  index_t bucket_window = 0;  ///< batches among which samples are sorted by length; 0: none are
};

/// Shuffled batches for training.
template <class Input, class Label>
class sample_batches {
 public:
  using source_type = sample_source<Input, Label>;

  /// @param source must outlive the batches
  /// @param inputs, labels numbers of a sample
  /// @throws slimfit::value_error when there is not one whole batch
  sample_batches(source_type const& source, index_t inputs, index_t labels, batch_options const& options)
      : source_(&source), inputs_each_(inputs), labels_each_(labels), options_(options) {
    count_ = source.size();
    if (options.size < 1 || options.size > count_) {
      throw slimfit::value_error(slimfit::mismatch(
          "batch size", options.size, "at least 1 and at most the number of samples, " + std::to_string(count_)));
    }
  }

  [[nodiscard]] index_t size() const { return count_; }
  /// Whole batches in an epoch; what is left over waits for the next shuffle.
  [[nodiscard]] index_t steps_per_epoch() const { return count_ / options_.size; }

  /// The batch of a training step, counted from 0 over all epochs.
  sample_batch<Input, Label> training(index_t step) {
    index_t const epoch = step / steps_per_epoch();
    if (epoch != epoch_) {
      order_ = shuffled(count_, options_.seed, epoch);
      if (options_.bucket_window > 0) {
        order_ = bucketed(std::move(order_), options_.size, options_.bucket_window, options_.seed, epoch,
                          [&](index_t i) { return source_->length(i); });
      }
      epoch_ = epoch;
    }
    index_t const first = step % steps_per_epoch() * options_.size;
    return fill(options_.size, [&](index_t i) { return order_[static_cast<std::size_t>(first + i)]; });
  }
  /// Samples `first` to `first + count - 1` in the order of the source.
  sample_batch<Input, Label> in_order(index_t first, index_t count) {
    return fill(count, [&](index_t i) { return first + i; });
  }

 private:
  template <class Pick>
  sample_batch<Input, Label> fill(index_t size, Pick const& pick) {
    inputs_.resize(static_cast<std::size_t>(size * inputs_each_));
    labels_.resize(static_cast<std::size_t>(size * labels_each_));
    for (index_t i = 0; i < size; ++i) {
      source_->fill(pick(i), inputs_.data() + i * inputs_each_, labels_.data() + i * labels_each_);
    }
    return {inputs_, labels_};
  }

  source_type const* source_;
  index_t inputs_each_;
  index_t labels_each_;
  batch_options options_;
  index_t count_ = 0;
  index_t epoch_ = -1;
  std::vector<index_t> order_;
  std::vector<Input> inputs_;
  std::vector<Label> labels_;
};

}  // namespace examples
