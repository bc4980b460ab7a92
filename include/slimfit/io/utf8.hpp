// SPDX-License-Identifier: MIT
// Text in UTF-8, as strict as Python's decoder is: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <slimfit/core/error.hpp>

namespace slimfit {

/// A character of a text in UTF-8, or bytes that are none.
struct utf8_character {
  char32_t code = 0;
  std::size_t bytes = 1;  ///< of the character, or of the longest prefix that could have begun one
  bool valid = false;
};

/// The character that begins at byte `at`, which must be below the text's size.
inline utf8_character read_utf8(std::string_view text, std::size_t at) {
  auto const byte = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
  auto const lead = byte(at);
  if (lead < 0x80) { return {lead, 1, true}; }
  if (lead < 0xC2 || lead > 0xF4) { return {}; }
  std::size_t const length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  auto code = static_cast<char32_t>(lead & (0x7FU >> length));
  for (std::size_t taken = 1; taken < length; ++taken) {
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
    if (taken == 1) {  // overlong forms, surrogates and what lies beyond U+10FFFF
      if (lead == 0xE0) { low = 0xA0; }
      if (lead == 0xED) { high = 0x9F; }
      if (lead == 0xF0) { low = 0x90; }
      if (lead == 0xF4) { high = 0x8F; }
    }
    if (at + taken >= text.size() || byte(at + taken) < low || byte(at + taken) > high) { return {0, taken, false}; }
    code = code << 6U | (byte(at + taken) & 0x3FU);
  }
  return {code, length, true};
}

/// Appends the character `code`, which must be no surrogate and at most U+10FFFF.
inline void append_utf8(std::string& text, char32_t code) {
  auto const tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80U) {
    text += static_cast<char>(code);
  } else if (code < 0x800U) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000U) {
    text += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Where the first byte lies that begins no character; npos when all do.
inline std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto const one = read_utf8(text, at);
    if (!one.valid) { return at; }
    at += one.bytes;
  }
  return std::string_view::npos;
}

/// @param source of the text, for messages
/// @param first_line number of the text's first line there
/// @throws file_error that names the line and the byte
inline void require_utf8(std::string_view text, std::string const& source, std::size_t first_line = 1) {
  auto const at = find_invalid_utf8(text);
  if (at == std::string_view::npos) { return; }
  auto line = first_line;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < at; ++i) {
    if (text[i] == '\n') {
      ++line;
      begin = i + 1;
    }
  }
  constexpr char const* digits = "0123456789ABCDEF";
  auto const byte = static_cast<std::uint8_t>(text[at]);
  throw file_error("slimfit: " + source + ", line " + std::to_string(line) + ": byte " +
                   std::to_string(at - begin + 1) + " of the line, 0x" + digits[byte >> 4U] + digits[byte & 15U] +
                   ", is not UTF-8, expected text in UTF-8 (iconv -t UTF-8 makes it of other encodings)");
}

}  // namespace slimfit
