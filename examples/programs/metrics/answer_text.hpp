// SPDX-License-Identifier: MIT
// How SQuAD compares answers: in lower case, without punctuation, articles and superfluous white space, as its official
// script does it in Python.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "../text/unicode.hpp"

namespace examples {

namespace detail {

inline std::u32string code_points(std::string_view text) {
  std::u32string codes;
  for (std::size_t at = 0; at < text.size();) {
    auto const one = decode(text, at);
    codes.push_back(one.code);
    at += one.bytes;
  }
  return codes;
}

inline bool is_letter(char32_t code) {
  auto const kind = category(code);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}
/// What Python's \w matches.
inline bool is_word(char32_t code) {
  auto const kind = category(code);
  return is_letter(code) || (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) || code == U'_';
}
/// Python's str.lower(): a capital sigma at the end of a word becomes the final one.
inline std::u32string lower(std::u32string const& text) {
  std::u32string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const ends_word = i > 0 && is_letter(text[i - 1]) && (i + 1 == text.size() || !is_letter(text[i + 1]));
    if (text[i] == 0x3A3 && ends_word) {
      result += char32_t{0x3C2};
    } else {
      lower_case(text[i], [&](char32_t code) { result += code; });
    }
  }
  return result;
}
/// What Python's str.split() splits at.
inline bool is_split(char32_t code) {
  auto const kind = category(code);
  return (code >= 0x9 && code <= 0xD) || (code >= 0x1C && code <= 0x1F) || code == 0x85 ||
         kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}
inline bool is_ascii_punctuation(char32_t code) {
  return (code >= U'!' && code <= U'/') || (code >= U':' && code <= U'@') || (code >= U'[' && code <= U'`') ||
         (code >= U'{' && code <= U'~');
}

/// Every article that stands alone becomes a space.
inline std::u32string without_articles(std::u32string const& text) {
  std::u32string result;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 0;
    if (i == 0 || !is_word(text[i - 1])) {
      for (std::u32string_view const article : {U"a", U"an", U"the"}) {
        auto const end = i + article.size();
        if (text.compare(i, article.size(), article) == 0 && (end >= text.size() || !is_word(text[end]))) {
          length = article.size();
        }
      }
    }
    result += length > 0 ? U' ' : text[i];
    i += std::max<std::size_t>(length, 1);
  }
  return result;
}

}  // namespace detail

/// The words of an answer as they are compared.
inline std::vector<std::string> answer_words(std::string_view answer) {
  std::u32string plain;
  for (char32_t const code : detail::lower(detail::code_points(answer))) {
    if (!detail::is_ascii_punctuation(code)) { plain += code; }
  }
  std::vector<std::string> words;
  bool inside = false;
  for (char32_t const code : detail::without_articles(plain)) {
    bool const splits = detail::is_split(code);
    if (!splits && !inside) { words.emplace_back(); }
    if (!splits) { slimfit::append_utf8(words.back(), code); }
    inside = !splits;
  }
  return words;
}

}  // namespace examples
