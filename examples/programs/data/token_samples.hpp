// SPDX-License-Identifier: MIT
// Texts as token ids, as samples.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/io/crc32.hpp>

#include "samples.hpp"

namespace examples {

/// One text, or a pair of them, as a network reads it.
struct token_text {
  std::vector<std::int32_t> words;  ///< ids of its tokens
  std::vector<std::int32_t> types;  ///< 0 for tokens of the first text, 1 for those of the second
};

/// What a network makes of texts.
struct token_table {
  index_t limit;         ///< tokens that texts are filled up to
  std::int32_t padding;  ///< id of the token that fills them
  index_t rows;          ///< ids are below
};

/// @tparam Label std::int32_t for classes and places, float for scores
template <class Label>
class token_samples : public sample_source<std::int32_t, Label> {
 public:
  /// @param labels as many for each text
  /// @throws slimfit::shape_error when a text is longer than the limit, value_error when the table has no row for one
  /// of its tokens
  token_samples(std::vector<token_text> texts, std::vector<Label> labels, token_table const& table)
      : texts_(std::move(texts)), labels_(std::move(labels)), table_(table) {
    for (auto const& text : texts_) {
      auto const name = "text " + std::to_string(&text - texts_.data() + 1);
      if (std::ssize(text.words) > table.limit) {
        throw slimfit::shape_error(slimfit::mismatch(name + ": its number of tokens", std::ssize(text.words),
                                                     "at most " + std::to_string(table.limit)));
      }
      auto const largest = text.words.empty() ? 0 : *std::max_element(text.words.begin(), text.words.end());
      if (largest >= table.rows) {
        throw slimfit::value_error(slimfit::mismatch(
            name + ": the id of a token", largest, "below " + std::to_string(table.rows) + ", the model's vocabulary"));
      }
    }
    if (!texts_.empty()) { labels_each_ = labels_.size() / texts_.size(); }
  }

  [[nodiscard]] index_t size() const override { return std::ssize(texts_); }
  [[nodiscard]] index_t length(index_t i) const override { return std::ssize(text(i).words); }
  void fill(index_t i, index_t /*epoch*/, std::int32_t* inputs, Label* labels) const override {
    std::fill_n(inputs, table_.limit, table_.padding);
    std::fill_n(inputs + table_.limit, table_.limit, 0);
    std::copy(text(i).words.begin(), text(i).words.end(), inputs);
    std::copy(text(i).types.begin(), text(i).types.end(), inputs + table_.limit);
    std::copy_n(labels_.begin() + i * static_cast<index_t>(labels_each_), labels_each_, labels);
  }
  [[nodiscard]] std::string checksum() const override {
    slimfit::crc32 sum;
    for (auto const& each : texts_) {
      std::vector<std::size_t> const count{each.words.size()};
      sum.add(count).add(each.words).add(each.types);
    }
    return sum.add(labels_).text();
  }
  [[nodiscard]] std::vector<Label> const& labels() const { return labels_; }

 private:
  [[nodiscard]] token_text const& text(index_t i) const { return texts_[static_cast<std::size_t>(i)]; }

  std::vector<token_text> texts_;
  std::vector<Label> labels_;
  token_table table_;
  std::size_t labels_each_ = 1;
};

}  // namespace examples
