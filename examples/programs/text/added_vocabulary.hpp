// SPDX-License-Identifier: MIT
// The ids of special and added tokens beside a vocabulary: as Hugging Face gives them when it loads a folder. A folder
// that names other ids was made for another vocabulary and is refused.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <examples/programs/text/special_tokens.hpp>

namespace examples::detail {

class added_vocabulary {
 public:
  /// @param name of the vocabulary's file and @param words_name of its part there, for messages
  added_vocabulary(vocabulary words, std::string name, std::string words_name)
      : words_(std::move(words)), name_(std::move(name)), words_name_(std::move(words_name)) {}

  /// @throws slimfit::file_error
  void add(special_tokens tokens) {
    std::stable_sort(tokens.listed.begin(), tokens.listed.end(),
                     [](listed_token const& a, listed_token const& b) { return a.token.id < b.token.id; });
    for (auto const& each : tokens.listed) { add_listed(each.token, each.file); }
    for (auto const* const purpose : token_purposes) {
      auto const found = tokens.named.find(purpose);
      if (found == tokens.named.end() || added_id(found->second.text) != vocabulary::none) { continue; }
      std::string const own = purpose;
      bool const required = own == "unk_token" || own == "sep_token" || own == "cls_token" || own == "pad_token";
      if (required) { words_.require(found->second.text); }
      // Many vocabularies have no [MASK] and many models no row for it.
      if (own == "mask_token" && find(found->second.text) == vocabulary::none && !has_new(tokens.extra)) {
        auto spare = found->second;
        spare.id = words_.add_spare(spare.text);
        added_.push_back(std::move(spare));
      } else {
        add_next(found->second);
      }
    }
    for (auto const& one : tokens.extra) {
      if (added_id(one.text) == vocabulary::none) { add_next(one); }
    }
  }

  /// The id of a token, from the vocabulary or beside it; none where there is no such token.
  [[nodiscard]] token_id find(std::string const& text) const {
    auto const id = added_id(text);
    return id != vocabulary::none ? id : words_.find(text);
  }
  [[nodiscard]] vocabulary const& words() const { return words_; }
  [[nodiscard]] std::vector<added_token> const& added() const { return added_; }

 private:
  [[nodiscard]] token_id added_id(std::string const& text) const {
    for (auto const& one : added_) {
      if (one.text == text) { return one.id; }
    }
    return vocabulary::none;
  }
  [[nodiscard]] bool has_new(std::vector<added_token> const& tokens) const {
    return std::any_of(tokens.begin(), tokens.end(),
                       [&](added_token const& one) { return find(one.text) == vocabulary::none; });
  }
  void add_listed(added_token const& one, std::string const& file) {
    auto const known = words_.find(one.text);
    auto const expected = known == vocabulary::none ? words_.size() : known;
    if (one.id != expected) {
      refuse(
          file, "the id of the added token \"" + one.text + "\" is " + std::to_string(one.id),
          std::to_string(expected) + (known == vocabulary::none ? ", the next that is free" : " as in " + words_name_));
    }
    add_next(one);
  }
  void add_next(added_token one) {
    one.id = words_.find(one.text);
    if (one.id == vocabulary::none) {
      if (words_.has_holes()) {
        refuse(name_, "the token \"" + one.text + "\" is added to a vocabulary with ids that no token has",
               "ids without holes: the next that is free is another for each version of transformers");
      }
      one.id = words_.add_apart(one.text);
    }
    added_.push_back(std::move(one));
  }

  vocabulary words_;
  std::string name_;
  std::string words_name_;
  std::vector<added_token> added_;
};

}  // namespace examples::detail
