// SPDX-License-Identifier: MIT
// Unicode as BERT's tokenizer needs it, on utf8proc: decoding that never fails, the classes of characters that it
// removes, splits at or keeps, lower case and canonical decomposition.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <utf8proc.h>
#include <examples/programs/text/unicode_versions.hpp>
#include <slimfit/io/utf8.hpp>

namespace examples {

/// Bytes [first, last) of a text in UTF-8.
struct byte_span {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  friend bool operator==(byte_span const&, byte_span const&) = default;
};

inline constexpr char32_t replacement_character = 0xFFFD;

struct decoded {
  char32_t code;
  std::size_t bytes;
};

/// The character at `at`. Bytes that are no UTF-8 come out as U+FFFD, the longest prefix that could have begun a
/// character as one, as in Python's errors="replace".
inline decoded decode(std::string_view text, std::size_t at) {
  auto const one = slimfit::read_utf8(text, at);
  return {one.valid ? one.code : replacement_character, one.bytes};
}

/// The character that ends at `at`, which must be above 0.
inline decoded decode_before(std::string_view text, std::size_t at) {
  for (std::size_t bytes = std::min<std::size_t>(4, at); bytes > 1; --bytes) {
    if (auto const one = decode(text, at - bytes); one.bytes == bytes) { return one; }
  }
  return decode(text.substr(0, at), at - 1);
}

inline utf8proc_category_t category(char32_t code) { return utf8proc_category(static_cast<utf8proc_int32_t>(code)); }

/// A letter, digit or underscore.
inline bool is_word_character(char32_t code) {
  auto const kind = category(code);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_NL) || kind == UTF8PROC_CATEGORY_PC;
}

/// The property White_Space.
inline bool is_space(char32_t code) {
  if (code < 0x80) { return code == ' ' || (code >= 0x09 && code <= 0x0D); }
  auto const kind = category(code);
  return code == 0x85 || kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}

/// What BERT's clean_text drops. Characters that are not assigned stay.
inline bool is_removed(char32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') { return false; }
  if (code < 0x80) { return code < 0x20 || code == 0x7F; }
  auto const kind = category(code);
  if (kind == UTF8PROC_CATEGORY_CF) { return !detail::in_ranges(detail::not_removed, code); }
  return code == replacement_character || kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CO;
}

/// A word of its own: general categories P*, and every printable ASCII character that is no letter or digit.
inline bool is_punctuation(char32_t code) {
  if (code < 0x80) {
    return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) ||
           (code >= 123 && code <= 126);
  }
  auto const kind = category(code);
  if (kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO) {
    return !detail::in_ranges(detail::not_punctuation, code);
  }
  return detail::in_ranges(detail::also_punctuation, code);
}

/// General category Mn: what strip_accents drops.
inline bool is_nonspacing_mark(char32_t code) {
  if (code < 0x300) { return false; }
  if (category(code) == UTF8PROC_CATEGORY_MN) { return !detail::in_ranges(detail::not_nonspacing, code); }
  return detail::in_ranges(detail::also_nonspacing, code);
}

/// CJK ideographs, each a word of its own (BERT's ranges; not kana, not hangul).
inline bool is_ideograph(char32_t code) {
  if (code < 0x3400) { return false; }
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x20000 && code <= 0x2A6DF) || (code >= 0x2A700 && code <= 0x2B73F) ||
         (code >= 0x2B740 && code <= 0x2B81F) || (code >= 0x2B920 && code <= 0x2CEAF) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x2F800 && code <= 0x2FA1F);
}

/// Calls `visit` with each character of the lower case: one, and two for U+0130.
template <class Visit>
void lower_case(char32_t code, Visit const& visit) {
  if (code < 0x80) {
    visit(code >= 'A' && code <= 'Z' ? code + 32 : code);
    return;
  }
  if (code == 0x130) {
    visit(U'i');
    visit(char32_t{0x307});
    return;
  }
  for (auto const& range : detail::newer_lower_case) {
    if (code >= range.first && code <= range.last) {
      visit(static_cast<char32_t>(static_cast<int>(code) + range.distance));
      return;
    }
  }
  visit(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
}

/// Calls `visit` with each character of the canonical decomposition, in the order of the table.
template <class Visit>
void decompose(char32_t code, Visit const& visit) {
  if (code < 0xC0 || code == 0x11938) {  // U+11938 came after the table that `tokenizers` decomposes by
    visit(code);
    return;
  }
  utf8proc_int32_t parts[32];
  auto const count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), parts, 32, UTF8PROC_DECOMPOSE, nullptr);
  for (utf8proc_ssize_t part = 0; part < count; ++part) { visit(static_cast<char32_t>(parts[part])); }
}

/// 0 also for marks that are newer than the tables of `tokenizers`.
inline int combining_class(char32_t code) {
  return code < 0x300 || detail::in_ranges(detail::not_reordered, code)
             ? 0
             : utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->combining_class;
}

}  // namespace examples
