// SPDX-License-Identifier: MIT
// Tokens that have a purpose or were added to a vocabulary, by all files of a model's folder that may name them: under
// the same rules as Hugging Face's, which writes and reads them in several places.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <examples/programs/text/token.hpp>

namespace examples {

/// A token with the id that a file gives it.
struct listed_token {
  added_token token;
  std::string file;  ///< for messages
};

/// What a folder says about its special and added tokens.
struct special_tokens {
  /// By purpose, e.g. "cls_token"; their ids are the vocabulary's.
  std::map<std::string, added_token> named;
  /// Others that texts may contain, in the order of the files; their ids are the vocabulary's.
  std::vector<added_token> extra;
  /// Tokens with the ids that the folder gives them; each text once.
  std::vector<listed_token> listed;

  /// The text of the token of a purpose. @throws slimfit::file_error with the name of the file when there is none
  [[nodiscard]] std::string text_of(std::string const& purpose, std::string const& name) const {
    auto const found = named.find(purpose);
    if (found == named.end()) {
      throw slimfit::file_error("slimfit: " + name + ": there is no " + purpose + ", expected one");
    }
    return found->second.text;
  }
};

/// Those of a BERT whose folder says nothing else.
inline special_tokens usual_special_tokens() {
  special_tokens tokens;
  for (auto const* const purpose : {"unk", "sep", "pad", "cls", "mask"}) {
    std::string text = "[";
    for (char const* letter = purpose; *letter != 0; ++letter) { text += static_cast<char>(*letter - 'a' + 'A'); }
    tokens.named[std::string(purpose) + "_token"] = {text + "]", -1};
  }
  return tokens;
}

namespace detail {

/// The purposes that a token may have, in the order in which new ones get their ids.
inline constexpr std::array<char const*, 7> token_purposes{"bos_token", "eos_token", "unk_token", "sep_token",
                                                           "pad_token", "cls_token", "mask_token"};

[[noreturn]] inline void refuse(std::string const& name, std::string const& what, std::string const& expected) {
  throw slimfit::file_error("slimfit: " + name + ": " + what + ", expected " + expected);
}

/// They are looked for one by one.
inline constexpr std::size_t most_added_tokens = 10'000;
[[noreturn]] inline void refuse_more(std::string const& name) {
  refuse(name, "more tokens are added", "at most " + std::to_string(most_added_tokens));
}

/// A token as a string, or as an object with options.
/// @param special whether an object that does not say so is special: such tokens are looked for as they stand
inline added_token token_of(nlohmann::json const& from, bool special, std::string const& name) {
  added_token one{.text = {}, .id = -1};
  if (from.is_string()) {
    one.text = from.get<std::string>();
  } else {
    one.text = from.at("content").get<std::string>();
    one.single_word = from.value("single_word", false);
    one.strip_left = from.value("lstrip", false);
    one.strip_right = from.value("rstrip", false);
    one.normalized = from.value("normalized", !from.value("special", special));
  }
  if (one.text.empty()) { refuse(name, "the text of a special token is empty", "at least one character"); }
  return one;
}

/// Members of tokenizer_config.json or special_tokens_map.json; a later call wins.
inline void read_named_tokens(special_tokens& tokens, nlohmann::json const& from, bool special,
                              std::string const& name) {
  for (auto const* const purpose : token_purposes) {
    auto const found = from.find(purpose);
    if (found == from.end()) { continue; }
    if (found->is_null()) {
      tokens.named.erase(purpose);
    } else {
      tokens.named[purpose] = token_of(*found, special, name);
    }
  }
  for (auto const* const list : {"additional_special_tokens", "extra_special_tokens"}) {
    auto const found = from.find(list);
    if (found == from.end()) { continue; }
    for (auto const& each : *found) {
      auto one = token_of(each, special, name);
      auto const same = [&](added_token const& other) { return other.text == one.text; };
      if (std::none_of(tokens.extra.begin(), tokens.extra.end(), same)) { tokens.extra.push_back(std::move(one)); }
      if (tokens.extra.size() > most_added_tokens) { refuse_more(name); }
    }
  }
}

/// A later call with the same text wins.
inline void list_token(special_tokens& tokens, added_token one, nlohmann::json const& id, std::string const& name) {
  constexpr std::uint64_t largest = 1U << 30U;
  if (!id.is_number_unsigned() || id.get<std::uint64_t>() > largest) {
    refuse(name, "the id of the added token \"" + one.text + "\" is " + id.dump(), "a whole number from 0 on");
  }
  if (tokens.listed.size() >= most_added_tokens) { refuse_more(name); }
  one.id = id.get<token_id>();
  std::erase_if(tokens.listed, [&](listed_token const& other) { return other.token.text == one.text; });
  tokens.listed.push_back({std::move(one), name});
}

/// tokenizer_config.json's added_tokens_decoder: tokens by their ids.
inline void read_decoder(special_tokens& tokens, nlohmann::json const& from, std::string const& name) {
  for (auto const& [key, value] : from.items()) {
    std::uint32_t number = 0;
    auto const [end, problem] = std::from_chars(key.data(), key.data() + key.size(), number);
    bool const whole = problem == std::errc{} && end == key.data() + key.size();
    list_token(tokens, token_of(value, false, name), whole ? nlohmann::json(number) : nlohmann::json(key), name);
  }
}

/// added_tokens.json: ids by text. Special ones are those that have been read before.
inline void read_added_ids(special_tokens& tokens, nlohmann::json const& from, std::string const& name) {
  if (!from.is_object()) { refuse(name, "it holds something else", "ids by their tokens' texts"); }
  for (auto const& [text, id] : from.items()) {
    auto one = token_of(text, true, name);
    auto const same = [&own = one.text](added_token const& other) { return other.text == own; };
    one.normalized = std::none_of(tokens.extra.begin(), tokens.extra.end(), same) &&
                     std::none_of(tokens.named.begin(), tokens.named.end(),
                                  [&](auto const& purpose) { return same(purpose.second); });
    list_token(tokens, std::move(one), id, name);
  }
}

/// tokenizer.json's added_tokens.
inline void read_added_list(special_tokens& tokens, nlohmann::json const& from, std::string const& name) {
  for (auto const& entry : from) {
    if (entry.at("content") == "") {
      refuse(name, "the id of the added token \"\" is " + entry.at("id").dump(), "a token of at least one character");
    }
    list_token(tokens, token_of(entry, false, name), entry.at("id"), name);
  }
}

}  // namespace detail

}  // namespace examples
