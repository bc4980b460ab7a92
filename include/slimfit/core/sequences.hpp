// SPDX-License-Identifier: MIT
// Which rows of a matrix belong to which sequence of a batch, and which of them are padding. Sequences of one length
// lie at equal distances; of several lengths they are either padded to the longest (`lengths`), or lie one right after
// the other and padding has no rows (`starts`).
#pragma once

#include <cstdint>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// As kernels see it: all memory is the backend's.
struct sequence_rows {
  index_t tokens = 0;                     ///< of the longest sequence
  std::int32_t const* lengths = nullptr;  ///< tokens of each sequence that are no padding; null: all
  std::int32_t const* starts = nullptr;  ///< first row of each sequence, then the end of the last; null: `tokens` apart
  index_t base = 0;                      ///< row that counts as the first, by `starts`

  /// First row of sequence `s`.
  [[nodiscard]] SLIMFIT_HD constexpr index_t first(index_t s) const {
    return starts == nullptr ? s * tokens : starts[s] - base;
  }
  /// Rows of sequence `s`, padding included.
  [[nodiscard]] SLIMFIT_HD constexpr index_t rows(index_t s) const {
    return starts == nullptr ? tokens : starts[s + 1] - starts[s];
  }
  /// Rows of sequence `s` that others may attend to: the first ones.
  [[nodiscard]] SLIMFIT_HD constexpr index_t keys(index_t s) const {
    return lengths == nullptr ? rows(s) : greater<index_t>(0, lesser<index_t>(lengths[s], rows(s)));
  }
  friend constexpr bool operator==(sequence_rows const&, sequence_rows const&) = default;
};

/// Numbers of consecutive rows of a matrix in the whole batch: what random numbers are drawn by, so that they do not
/// depend on how the batch is cut.
struct row_numbers {
  index_t first = 0;
  index_t step = 1;

  [[nodiscard]] SLIMFIT_HD constexpr index_t of(index_t row) const { return first + row * step; }
  [[nodiscard]] constexpr row_numbers from(index_t row) const { return {of(row), step}; }
};

/// The sequences of a batch, or of a part of one, as layers see it.
class sequence_batch {
 public:
  constexpr sequence_batch() = default;
  /// `count` sequences of `tokens` tokens.
  constexpr sequence_batch(index_t count, index_t tokens) : count_(count), limit_(tokens), where_{.tokens = tokens} {}
  /// `count` sequences padded to `tokens` tokens.
  /// @param limit see `limit()`, @param lengths without padding, in the backend's memory
  [[nodiscard]] static constexpr sequence_batch padded(index_t count, index_t tokens, index_t limit,
                                                       std::int32_t const* lengths) {
    sequence_batch batch(count, tokens);
    batch.limit_ = limit;
    batch.where_.lengths = lengths;
    return batch;
  }
  /// `count` sequences of up to `tokens` tokens, one after the other.
  /// @param host_starts first row of each, from 0 on, and the end of the last
  /// @param starts the same in the backend's memory
  [[nodiscard]] static constexpr sequence_batch packed(index_t count, index_t tokens, index_t limit,
                                                       std::int32_t const* host_starts, std::int32_t const* starts) {
    sequence_batch batch(count, tokens);
    batch.limit_ = limit;
    batch.host_starts_ = host_starts;
    batch.where_.starts = starts;
    return batch;
  }

  [[nodiscard]] constexpr index_t count() const { return count_; }
  /// Of the longest sequence of the batch.
  [[nodiscard]] constexpr index_t tokens() const { return where_.tokens; }
  /// Most tokens that sequences of any batch have: what memory is planned for.
  [[nodiscard]] constexpr index_t limit() const { return limit_; }
  [[nodiscard]] constexpr bool is_uniform() const { return host_starts_ == nullptr; }
  /// First row of sequence `s`; of `count()`, the end.
  [[nodiscard]] constexpr index_t first(index_t s) const {
    return is_uniform() ? s * where_.tokens : host_starts_[s] - host_starts_[0];
  }
  [[nodiscard]] constexpr index_t rows() const { return first(count_); }
  [[nodiscard]] constexpr row_numbers numbers() const { return {rows_before_, row_step_}; }
  /// Numbers of the sequences in the whole batch.
  [[nodiscard]] constexpr row_numbers sequence_numbers() const { return {sequences_before_, 1}; }
  [[nodiscard]] constexpr sequence_rows const& where() const { return where_; }

  /// `count` sequences from `s` on.
  [[nodiscard]] constexpr sequence_batch part(index_t s, index_t count) const {
    sequence_batch result = *this;
    result.count_ = count;
    result.sequences_before_ += s;
    result.rows_before_ += row_step_ * first(s);
    if (where_.lengths != nullptr) { result.where_.lengths += s; }
    if (!is_uniform()) {
      result.host_starts_ += s;
      result.where_.base = host_starts_[s];
      if (where_.starts != nullptr) { result.where_.starts += s; }
    }
    return result;
  }
  /// The same as a part of a larger batch, whose rows it is numbered by.
  /// @param sequences in front of this part, @param rows theirs
  /// @param tokens of the longest sequence of the larger batch, where padding has no rows
  [[nodiscard]] constexpr sequence_batch after(index_t sequences, index_t rows, index_t tokens) const {
    sequence_batch result = *this;
    result.sequences_before_ += sequences;
    result.rows_before_ += row_step_ * rows;
    if (!is_uniform()) { result.where_.tokens = tokens; }
    return result;
  }
  /// The same rows, each a sequence of its own: for layers whose rows do not see each other.
  [[nodiscard]] constexpr sequence_batch single_rows() const {
    sequence_batch result(rows(), 1);
    result.sequences_before_ = result.rows_before_ = rows_before_;
    result.row_step_ = row_step_;
    return result;
  }
  /// The first tokens of all sequences as a batch of its own, one row each. Where all sequences have the same length
  /// their rows' numbers are those in this batch.
  [[nodiscard]] constexpr sequence_batch first_tokens() const {
    sequence_batch result(count_, 1);
    result.sequences_before_ = sequences_before_;
    result.row_step_ = where_.tokens;
    result.rows_before_ = sequences_before_ * where_.tokens;
    return result;
  }
  /// Of the same extents in the same memory, whatever that holds.
  friend constexpr bool operator==(sequence_batch const&, sequence_batch const&) = default;

 private:
  index_t count_ = 0;
  index_t limit_ = 0;
  index_t sequences_before_ = 0;
  index_t rows_before_ = 0;
  index_t row_step_ = 1;
  std::int32_t const* host_starts_ = nullptr;
  sequence_rows where_{};
};

}  // namespace slimfit
