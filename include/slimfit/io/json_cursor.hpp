// SPDX-License-Identifier: MIT
// Reads JSON: safetensors headers, indices of shards, configurations. The caller knows the structure and asks for it
// piece by piece; how deep values are nested is limited, so hostile text cannot recurse for long.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>
#include <slimfit/io/foreign_file.hpp>
#include <slimfit/io/utf8.hpp>

namespace slimfit::detail {

class json_cursor {
 public:
  /// How deep objects and arrays may be nested.
  static constexpr int deepest = 64;

  /// @throws file_error for a git-lfs pointer in a file's place
  /// @param source named in errors, e.g. the file's path
  /// @param part   which part of the file the text is, for errors
  json_cursor(std::string_view text, std::string const& source, char const* part = "header")
      : text_(text), source_(&source), part_(part) {
    require_no_lfs_pointer(text, source);
  }

  /// Skips spaces, then `c`. @throws file_error when something else comes.
  void expect(char c) {
    if (!accept(c)) { fail(std::string("expected '") + c + "'"); }
  }
  /// Skips spaces, then `c` if it comes next.
  bool accept(char c) {
    skip_spaces();
    if (position_ >= text_.size() || text_[position_] != c) { return false; }
    ++position_;
    return true;
  }
  /// Only spaces may follow.
  void expect_end() {
    skip_spaces();
    if (position_ != text_.size()) { fail("expected nothing after the object"); }
  }

  /// Calls `member(key)` for each member of an object; it must consume the value.
  template <class Member>
  void object(Member const& member) {
    enter('{');
    if (accept('}')) { return leave(); }
    do {
      auto const key = string();
      expect(':');
      member(key);
    } while (accept(','));
    expect('}');
    leave();
  }
  /// Calls `element()` for each element of an array; it must consume the value.
  template <class Element>
  void array(Element const& element) {
    enter('[');
    if (accept(']')) { return leave(); }
    do { element(); } while (accept(','));
    expect(']');
    leave();
  }

  /// A non-negative integer without fraction or exponent.
  index_t integer() {
    skip_spaces();
    constexpr index_t largest = INT64_MAX;
    auto const start = position_;
    index_t value = 0;
    for (; position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9'; ++position_) {
      index_t const digit = text_[position_] - '0';
      if (value > (largest - digit) / 10) { fail("expected a number below 2^63"); }
      value = 10 * value + digit;
    }
    if (position_ == start) { fail("expected a non-negative integer"); }
    if (text_[start] == '0' && position_ - start > 1) { fail("expected a number without leading zeros"); }
    return value;
  }

  /// A string; escapes are resolved to UTF-8. @throws file_error also where it is not UTF-8
  std::string string() {
    expect('"');
    std::string result;
    for (;;) {
      char const c = next("expected the end of a string");
      if (c == '"') {
        if (find_invalid_utf8(result) != std::string_view::npos) { fail("expected the string before in UTF-8"); }
        return result;
      }
      if (static_cast<unsigned char>(c) < 0x20U) { fail("expected no control character in a string"); }
      if (c == '\\') {
        escape(result);
      } else {
        result += c;
      }
    }
  }

  /// Any number, as the nearest double.
  double number() {
    skip_spaces();
    auto const start = position_;
    if (position_ < text_.size() && text_[position_] == '-') { ++position_; }
    bool const leading_zero = position_ < text_.size() && text_[position_] == '0';
    if (digits() > 1 && leading_zero) { fail("expected a number without leading zeros"); }
    if (position_ < text_.size() && text_[position_] == '.') {
      ++position_;
      digits();
    }
    if (position_ < text_.size() && (text_[position_] == 'e' || text_[position_] == 'E')) {
      ++position_;
      if (position_ < text_.size() && (text_[position_] == '+' || text_[position_] == '-')) { ++position_; }
      digits();
    }
    double value = 0;
    auto const [end, problem] = std::from_chars(text_.data() + start, text_.data() + position_, value);
    if (problem != std::errc{} || end != text_.data() + position_) { fail("expected a number that a double holds"); }
    return value;
  }

  /// true or false.
  bool boolean() {
    if (word("true")) { return true; }
    if (!word("false")) { fail("expected true or false"); }
    return false;
  }
  /// Skips null if it comes next.
  bool accept_null() { return word("null"); }
  /// The first character of the next value; zero at the end.
  char peek() {
    skip_spaces();
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  /// Consumes any value.
  void skip() {
    switch (peek()) {
      case '{':
        return object([&](std::string const& /*key*/) { skip(); });
      case '[':
        return array([&] { skip(); });
      case '"':
        return static_cast<void>(string());
      case 't':
      case 'f':
        return static_cast<void>(boolean());
      case 'n':
        if (!accept_null()) { fail("expected null"); }
        return;
      default:
        return static_cast<void>(number());
    }
  }

  [[noreturn]] void fail(std::string const& expectation) const {
    throw file_error("slimfit: " + *source_ + ": " + part_ + ", byte " + std::to_string(position_) + ": " +
                     expectation);
  }

 private:
  /// @throws file_error when what `c` begins is nested deeper than `deepest`
  void enter(char c) {
    expect(c);
    if (++depth_ > deepest) { fail("expected values nested at most " + std::to_string(deepest) + " deep"); }
  }
  void leave() { --depth_; }
  void skip_spaces() {
    while (position_ < text_.size() && std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos) {
      ++position_;
    }
  }
  std::size_t digits() {
    auto const start = position_;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') { ++position_; }
    if (position_ == start) { fail("expected a digit"); }
    return position_ - start;
  }
  bool word(std::string_view text) {
    skip_spaces();
    if (text_.substr(position_, text.size()) != text) { return false; }
    position_ += text.size();
    return true;
  }
  char next(char const* expectation) {
    if (position_ >= text_.size()) { fail(expectation); }
    return text_[position_++];
  }
  void escape(std::string& result) {
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view characters = "\"\\/\b\f\n\r\t";
    char const c = next("expected an escaped character");
    if (auto const which = names.find(c); which != std::string_view::npos) {
      result += characters[which];
    } else if (c == 'u') {
      append_utf8(result, code_point());
    } else {
      fail("expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
    }
  }
  unsigned code_unit() {
    unsigned value = 0;
    for (int i = 0; i < 4; ++i) {
      constexpr std::string_view digits = "0123456789abcdef";
      char const c = next("expected four hexadecimal digits");
      auto const digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
      if (digit == std::string_view::npos) { fail("expected four hexadecimal digits"); }
      value = 16U * value + static_cast<unsigned>(digit);
    }
    return value;
  }
  unsigned code_point() {
    unsigned const first = code_unit();
    if (first < 0xD800U || first > 0xDFFFU) { return first; }
    if (first > 0xDBFFU || next("expected a surrogate pair") != '\\' || next("expected a surrogate pair") != 'u') {
      fail("expected a surrogate pair");
    }
    unsigned const second = code_unit();
    if (second < 0xDC00U || second > 0xDFFFU) { fail("expected a surrogate pair"); }
    return 0x10000U + ((first - 0xD800U) << 10U) + (second - 0xDC00U);
  }
  std::string_view text_;
  std::string const* source_;
  char const* part_;
  std::size_t position_ = 0;
  int depth_ = 0;
};

}  // namespace slimfit::detail
