// SPDX-License-Identifier: MIT
// What a program that own_plan compiled answers, read back: see own/plan_program.cpp.
#pragma once

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/memory/record.hpp>
#include <slimfit/memory/usage.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace examples {

/// Lines of words with tabs between them.
class own_reply {
 public:
  explicit own_reply(std::string const& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream line_words(line);
      words_.clear();
      for (std::string word; std::getline(line_words, word, '\t');) { words_.push_back(word); }
      if (!words_.empty()) { read_line(); }
    }
  }

  std::string error;  ///< empty: there is none
  double rate = 0;
  slimfit::index_t active = 0;
  slimfit::index_t static_bytes = 0;
  slimfit::memory_usage usage;
  slimfit::active_set active_units;
  std::vector<std::string> unit_names;
  slimfit::memory_record events;

 private:
  [[nodiscard]] slimfit::index_t number(std::size_t i) const { return std::stoll(words_.at(i)); }
  [[nodiscard]] slimfit::byte_counts counts() const {
    slimfit::byte_counts result;
    for (std::size_t i = 0; i < std::size(result.by_category); ++i) { result.by_category[i] = number(i + 1); }
    return result;
  }

  void read_line() {
    auto const& what = words_.front();
    if (what == "error") {
      error = words_.at(1);
    } else if (what == "rate") {
      rate = std::stod(words_.at(1));
    } else if (what == "active") {
      active = number(1);
    } else if (what == "static") {
      static_bytes = number(1);
    } else if (what == "usage") {
      usage = {counts(), number(8), number(9), number(10), number(11), number(12)};
    } else if (what == "unit") {
      if (number(2) != 0) { active_units.set(static_cast<slimfit::index_t>(unit_names.size())); }
      unit_names.push_back(words_.at(1));
    } else {
      read_event();
    }
  }
  void read_event() {
    auto const& what = words_.front();
    if (what == "start") {
      events.start(counts());
    } else if (what == "enter") {
      events.enter(words_.at(1).c_str(), static_cast<int>(number(2)));
    } else if (what == "leave") {
      events.leave();
    } else if (what == "change") {
      events.change(static_cast<slimfit::category>(number(1)), number(2));
    } else if (what == "forward_ended") {
      events.forward_ended();
    } else if (what == "matrix") {
      read_matrix();
    }
  }
  void read_matrix() {
    words_.resize(std::max<std::size_t>(words_.size(), 10));  // a line's last words may be empty
    slimfit::described_matrix matrix{words_[1].c_str()};
    matrix.form = {.role = words_[2].c_str(),
                   .numbers = words_[3].c_str(),
                   .bits = static_cast<int>(number(4)),
                   .scales = static_cast<int>(number(5)),
                   .scale_group = number(6),
                   .fixed_range = number(7) != 0,
                   .largest_percent = static_cast<int>(number(8)),
                   .largest_of = words_[9].c_str()};
    for (std::size_t i = 10; i < words_.size(); ++i) { matrix.add_unit(static_cast<int>(number(i))); }
    events.name_matrix(matrix);
  }

  std::vector<std::string> words_;
};

}  // namespace examples
