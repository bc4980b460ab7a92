// SPDX-License-Identifier: MIT
// Writes strings as JSON.
#pragma once

#include <string>
#include <string_view>

#include <slimfit/io/utf8.hpp>

namespace slimfit::detail {

/// `text` as a JSON string. Bytes that are not UTF-8, e.g. of a file's name, become U+FFFD: JSON has no others.
inline std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (std::size_t at = 0; at < text.size();) {
    auto const one = read_utf8(text, at);
    if (!one.valid) {
      result += "\\ufffd";
    } else if (one.code == U'"' || one.code == U'\\') {
      result += '\\';
      result += text[at];
    } else if (one.code < 0x20U) {
      constexpr char const* digits = "0123456789abcdef";
      result += std::string("\\u00") + digits[one.code >> 4U] + digits[one.code & 15U];
    } else {
      result += text.substr(at, one.bytes);
    }
    at += one.bytes;
  }
  return result + "\"";
}

}  // namespace slimfit::detail
