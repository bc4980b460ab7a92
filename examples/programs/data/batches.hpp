// SPDX-License-Identifier: MIT
// Mini-batches in an order that is a function of (seed, epoch), so that the position in training is a plain step number
// and a resumed run sees exactly the batches that the interrupted one would have seen.
#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <slimfit/communication/batch_share.hpp>
#include <slimfit/core/error.hpp>
#include <slimfit/core/philox.hpp>

#include "batch_loader.hpp"

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

/// How batches are made.
struct batch_options {
  index_t size = 32;
  std::uint64_t seed = 1;
  index_t bucket_window = 0;    ///< batches among which samples are sorted by length; 0: none are
  int threads = 0;              ///< that make batches ahead; 0: they are made when they are asked for
  slimfit::batch_share part{};  ///< of every training batch, which alone is made; no samples: all of it
};

/// Shuffled batches for training, or batches in the order of the source.
template <class Input, class Label>
class sample_batches {
 public:
  using source_type = sample_source<Input, Label>;

  /// @param source must outlive the batches
  /// @param inputs, labels numbers of a sample
  /// @throws slimfit::value_error when there is not one whole batch
  sample_batches(source_type const& source, index_t inputs, index_t labels, batch_options const& options)
      : source_(source),
        options_(options),
        shuffled_(source, inputs, labels, options.threads, [this](index_t step) { return of_step(step); }),
        in_order_(source, inputs, labels, options.threads, [this](index_t number) { return of_source(number); }) {
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
  sample_batch<Input, Label> training(index_t step) { return shuffled_.get(step); }
  /// Batches in an epoch, the last of which may be smaller.
  [[nodiscard]] index_t batches_in_order() const { return (count_ + options_.size - 1) / options_.size; }
  /// Batch `number` of the samples in the order of the source.
  sample_batch<Input, Label> in_order(index_t number) { return in_order_.get(number); }

 private:
  batch_contents of_step(index_t step) {
    index_t const epoch = step / steps_per_epoch();
    if (epoch != epoch_) {
      order_ = shuffled(count_, options_.seed, epoch);
      if (options_.bucket_window > 0) {
        order_ = bucketed(std::move(order_), options_.size, options_.bucket_window, options_.seed, epoch,
                          [&](index_t i) { return source_.length(i); });
      }
      epoch_ = epoch;
    }
    auto const& part = options_.part;
    auto const first = order_.begin() + step % steps_per_epoch() * options_.size + part.first;
    return {epoch, {first, first + (part.count > 0 ? part.count : options_.size)}};
  }
  [[nodiscard]] batch_contents of_source(index_t number) const {
    index_t const first = number * options_.size;
    std::vector<index_t> samples(static_cast<std::size_t>(std::clamp<index_t>(count_ - first, 0, options_.size)));
    std::iota(samples.begin(), samples.end(), first);
    return {0, std::move(samples)};
  }

  source_type const& source_;
  batch_options options_;
  index_t count_ = 0;
  index_t epoch_ = -1;
  std::vector<index_t> order_;
  batch_loader<Input, Label> shuffled_;
  batch_loader<Input, Label> in_order_;
};

}  // namespace examples
