// SPDX-License-Identifier: MIT
// The entries of a WordPiece vocabulary, found by their text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <slimfit/core/error.hpp>

namespace examples {

using token_id = std::int32_t;

class vocabulary {
 public:
  static constexpr token_id none = -1;

  vocabulary() = default;
  /// @param tokens the text of each id, empty where an id has none; a text that occurs twice is found under its last
  /// id, as in Hugging Face's
  /// @param name of the file, for messages
  explicit vocabulary(std::vector<std::string> tokens, std::string name = "vocabulary")
      : tokens_(std::move(tokens)), name_(std::move(name)) {
    ids_.reserve(tokens_.size());
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      if (!tokens_[id].empty()) { ids_[tokens_[id]] = static_cast<token_id>(id); }
    }
  }

  /// Whether ids below the vocabulary's size belong to no token: to none of the file, or to one that occurs again.
  bool has_holes() const { return ids_.size() + apart_ < tokens_.size(); }

  /// Gives an id to a token that texts are not cut into: `find` does not find it.
  token_id add_apart(std::string text) {
    tokens_.push_back(std::move(text));
    ++apart_;
    return size() - 1;
  }

  /// Gives the id after all others to a token that the vocabulary lacks and that models need no row for: `size` does
  /// not count it. No token may be added after it.
  token_id add_spare(std::string text) {
    spare_ = std::move(text);
    return size();
  }

  token_id size() const { return static_cast<token_id>(tokens_.size()); }
  std::string const& token(token_id id) const {
    return id == size() ? spare_ : tokens_.at(static_cast<std::size_t>(id));
  }
  token_id find(std::string_view text) const {
    auto const found = ids_.find(text);
    return found == ids_.end() ? none : found->second;
  }
  /// @throws file_error when the vocabulary lacks `text`
  token_id require(std::string const& text) const {
    auto const id = find(text);
    if (id == none) {
      throw slimfit::file_error("slimfit: " + name_ + ": the vocabulary of " + std::to_string(size()) +
                                " tokens has no " + text + ", expected a vocabulary of BERT");
    }
    return id;
  }

 private:
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::vector<std::string> tokens_;
  std::size_t apart_ = 0;
  std::string spare_;
  std::string name_;
  std::unordered_map<std::string, token_id, text_hash, std::equal_to<>> ids_;
};

}  // namespace examples
