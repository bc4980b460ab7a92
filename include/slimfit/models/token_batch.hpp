// SPDX-License-Identifier: MIT
// The token ids of a batch as a network of sequences reads them: only rows that are computed, with the position of
// each. Made on the host from sequences that are all filled up to the same length.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <slimfit/core/config.hpp>
#include <slimfit/core/sequences.hpp>
#include <slimfit/policy/padding.hpp>

namespace slimfit {

class token_batch {
 public:
  static constexpr index_t ids_per_row = 3;

  token_batch() = default;
  /// @param ids per sample the ids of its words, `limit` of them, then those of their types
  /// @param padding id of the words that fill sequences up at their end; negative: there are none
  token_batch(std::span<std::int32_t const> ids, index_t count, index_t limit, std::int32_t padding,
              padding_tokens policy)
      : count_(count), limit_(limit), policy_(policy) {
    auto const word = [&](index_t sample, index_t token) {
      return ids[static_cast<std::size_t>(2 * sample * limit + token)];
    };
    std::vector<std::int32_t> lengths;
    for (index_t sample = 0; sample < count; ++sample) {
      index_t length = limit;
      while (length > 1 && word(sample, length - 1) == padding && padding >= 0) { --length; }
      lengths.push_back(static_cast<std::int32_t>(length));
      tokens_ = greater(tokens_, length);
    }
    if (policy == padding_tokens::filled) { tokens_ = limit; }
    if (policy == padding_tokens::dropped) {
      offsets_.push_back(0);
      for (auto const length : lengths) { offsets_.push_back(offsets_.back() + length); }
    } else {
      offsets_ = std::move(lengths);
    }
    auto const rows = sequences(nullptr).rows();
    ids_.resize(static_cast<std::size_t>(ids_per_row * rows));
    auto* const words = ids_.data();
    for (index_t sample = 0, row = 0; sample < count; ++sample) {
      index_t const length = policy == padding_tokens::dropped ? lengths[static_cast<std::size_t>(sample)] : tokens_;
      for (index_t token = 0; token < length; ++token, ++row) {
        words[row] = word(sample, token);
        words[rows + row] = word(sample, limit + token);
        words[2 * rows + row] = static_cast<std::int32_t>(token);
      }
    }
  }

  /// The words of all rows, then their types, then their positions.
  [[nodiscard]] std::span<std::int32_t const> inputs() const { return ids_; }
  /// Lengths of the sequences, or where each begins and the last ends.
  [[nodiscard]] std::span<std::int32_t const> offsets() const { return offsets_; }
  /// @param offsets a copy of `offsets()`, in the backend's memory. This batch must outlive the result.
  [[nodiscard]] sequence_batch sequences(std::int32_t const* offsets) const {
    return policy_ == padding_tokens::dropped
               ? sequence_batch::packed(count_, tokens_, limit_, offsets_.data(), offsets)
               : sequence_batch::padded(count_, tokens_, limit_, offsets);
  }

 private:
  index_t count_ = 0;
  index_t limit_ = 0;
  index_t tokens_ = 1;
  padding_tokens policy_ = padding_tokens::masked;
  std::vector<std::int32_t> ids_;
  std::vector<std::int32_t> offsets_;
};

}  // namespace slimfit
