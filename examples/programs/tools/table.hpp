// SPDX-License-Identifier: MIT
// Text tables for the tools' output.
#pragma once

#include <slimfit/core/config.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

namespace examples {

/// `value` with that many digits behind the point.
inline std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}
/// A number of percent.
inline std::string percent_text(double percent) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%g %%", percent);
  return text.data();
}
/// Bytes in MiB.
inline std::string mebibytes(slimfit::index_t bytes) {
  return fixed(static_cast<double>(bytes) / static_cast<double>(slimfit::MiB), 1);
}

/// Lines of cells, aligned by column.
class table {
 public:
  /// @param left columns that are aligned to the left; the others hold numbers
  explicit table(std::vector<std::string> heads, std::vector<std::size_t> left = {}) : left_(std::move(left)) {
    add(std::move(heads));
  }
  /// Adds a line with as many cells as there are heads.
  void add(std::vector<std::string> cells) {
    widths_.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) { widths_[i] = std::max(widths_[i], cells[i].size()); }
    lines_.push_back(std::move(cells));
  }
  void print(std::ostream& out) const {
    for (auto const& cells : lines_) {
      std::string line;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        std::string const space(widths_[i] - cells[i].size(), ' ');
        bool const is_left = std::find(left_.begin(), left_.end(), i) != left_.end();
        line += (i > 0 ? "  " : "") + (is_left ? cells[i] + space : space + cells[i]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      out << line << '\n';
    }
  }

 private:
  std::vector<std::size_t> left_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> lines_;
};

}  // namespace examples
