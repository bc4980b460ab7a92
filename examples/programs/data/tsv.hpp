// SPDX-License-Identifier: MIT
// Lines of tab-separated files, as GLUE has them: nothing is quoted, columns are found by their heading.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <slimfit/core/error.hpp>
#include <slimfit/io/mapped_file.hpp>
#include <slimfit/io/utf8.hpp>

namespace examples {

/// The rows of a file in UTF-8. Lines may end in CR LF; a byte order mark is skipped.
class tsv_file {
 public:
  /// @param has_heading whether the first line names the columns
  /// @param columns that rows of a file without heading have
  /// @throws slimfit::file_error
  tsv_file(std::string const& path, bool has_heading, std::size_t columns) : path_(path), columns_(columns) {
    slimfit::mapped_file const file(path);
    auto text = file.text();
    slimfit::require_utf8(text, path);
    if (text.substr(0, 3) == "\xEF\xBB\xBF") { text.remove_prefix(3); }
    if (text.find('\0') != std::string_view::npos) { fail(0, "holds a zero byte", "text"); }
    while (!text.empty()) {
      auto const end = text.find('\n');
      auto line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (!line.empty() && line.back() == '\r') { line.remove_suffix(1); }
      if (has_heading && heading_.empty()) {
        heading_ = split(line);
      } else {
        rows_.push_back(split(line));
      }
    }
    if (rows_.empty()) { fail(0, "has no rows", "at least one"); }
    if (has_heading) { columns_ = heading_.size(); }
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// Number of the column that is named so. @throws slimfit::file_error
  [[nodiscard]] std::size_t column(std::string const& name) const {
    auto const found = std::find(heading_.begin(), heading_.end(), name);
    if (found == heading_.end()) { fail(1, "names no column " + name, "one of that name"); }
    return static_cast<std::size_t>(found - heading_.begin());
  }
  /// @throws slimfit::file_error when the row is shorter
  [[nodiscard]] std::string const& at(std::size_t row, std::size_t column) const {
    if (column >= columns(row)) { refuse_columns(row, "at least " + std::to_string(column + 1)); }
    return rows_[row][column];
  }
  [[nodiscard]] std::size_t columns(std::size_t row) const { return rows_[row].size(); }
  /// A tab too many or too few would shift what comes after it.
  /// @throws slimfit::file_error when the row has more columns than the heading, or fewer
  void require_columns(std::size_t row) const {
    if (columns(row) > columns_) { refuse_columns(row, "at most " + std::to_string(columns_)); }
    if (columns(row) < columns_) { refuse_columns(row, "at least " + std::to_string(columns_)); }
  }
  /// @throws slimfit::file_error that names the line of a row
  [[noreturn]] void refuse(std::size_t row, std::string const& what, std::string const& expected) const {
    fail(line_of(row), what, expected);
  }

 private:
  [[nodiscard]] std::size_t line_of(std::size_t row) const { return row + (heading_.empty() ? 1 : 2); }
  [[noreturn]] void fail(std::size_t line, std::string const& what, std::string const& expected) const {
    auto const place = line > 0 ? ", line " + std::to_string(line) + ":" : "";
    throw slimfit::file_error("slimfit: " + path_ + place + " " + what + ", expected " + expected);
  }
  [[noreturn]] void refuse_columns(std::size_t row, std::string const& expected) const {
    refuse(row, "has " + std::to_string(columns(row)) + " columns",
           expected + (heading_.empty() ? "" : ", as the heading has"));
  }
  static std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> cells;
    for (;;) {
      auto const end = line.find('\t');
      cells.emplace_back(line.substr(0, end));
      if (end == std::string_view::npos) { return cells; }
      line.remove_prefix(end + 1);
    }
  }

  std::string path_;
  std::size_t columns_;
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace examples
