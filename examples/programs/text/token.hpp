// SPDX-License-Identifier: MIT
// Tokens that a text is cut into, tokens that are looked for in it, and how the rest is cut.
#pragma once

#include <cstddef>
#include <string>

#include <examples/programs/text/unicode.hpp>
#include <examples/programs/text/vocabulary.hpp>

namespace examples {

/// A token that is recognised before the text is cut into words.
struct added_token {
  std::string text;
  token_id id = 0;
  bool single_word = false;  // not beside a letter, digit or underscore
  bool strip_left = false;   // takes the white space before it
  bool strip_right = false;
  bool normalized = false;  // is looked for in the normalised text, normalised itself; else in the text as it stands
};

struct wordpiece_settings {
  bool clean_text = true;
  bool space_ideographs = true;
  bool lower_case = true;
  bool strip_accents = true;
  std::size_t longest_word = 100;  // in characters; longer words are unknown
  std::string unknown = "[UNK]";
  std::string continuation = "##";
};

struct token {
  token_id id = 0;
  byte_span span;

  friend bool operator==(token const&, token const&) = default;
};

}  // namespace examples
