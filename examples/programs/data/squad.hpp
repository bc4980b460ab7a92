// SPDX-License-Identifier: MIT
// SQuAD 2.0's files (Rajpurkar et al. 2018): paragraphs, and questions about them of which some have no answer there.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <slimfit/core/config.hpp>
#include <slimfit/io/mapped_file.hpp>

#include "../support/json_text.hpp"

namespace examples {

struct squad_question {
  std::string id;
  std::string question;
  std::size_t context = 0;           ///< number of its paragraph
  std::vector<std::string> answers;  ///< all that count as right; empty: there is none
  std::size_t first = 0;             ///< bytes of the paragraph that are the first answer: [first, last)
  std::size_t last = 0;
};

struct squad_set {
  std::string path;  ///< for messages
  std::vector<std::string> contexts;
  std::vector<squad_question> questions;
};

namespace detail {

/// Where the character with number `count` begins, in bytes of UTF-8; the end when there are fewer.
inline std::size_t byte_of_character(std::string const& text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    bool const continues = (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
    if (!continues && count-- == 0) { break; }
  }
  return at;
}

inline squad_question read_question(nlohmann::json const& from, std::string const& context, std::string const& path) {
  squad_question one;
  one.id = from.at("id").get<std::string>();
  one.question = from.at("question").get<std::string>();
  bool first = true;
  for (auto const& answer : from.at("answers")) {
    auto const text = answer.at("text").get<std::string>();
    if (first) {
      auto const& place = answer.at("answer_start");
      if (!place.is_number_unsigned()) {  // a fraction would be rounded, a number that is too large anything
        throw slimfit::file_error("slimfit: " + path + ": question " + one.id + " has answer_start " + place.dump() +
                                  ", expected a whole number from 0 on");
      }
      one.first = byte_of_character(context, place.get<std::size_t>());
      one.last = one.first + text.size();
      if (context.compare(std::min(one.first, context.size()), text.size(), text) != 0) {
        throw slimfit::file_error("slimfit: " + path + ": question " + one.id + ": answer \"" + text +
                                  "\" is not where answer_start says, expected it in the context there");
      }
      first = false;
    }
    one.answers.push_back(text);
  }
  if (from.value("is_impossible", false)) { one.answers.clear(); }
  return one;
}

}  // namespace detail

/// Reads a file of the form {"data": [{"paragraphs": [{"context", "qas": [{"id", "question", "answers": [{"text",
/// "answer_start"}], "is_impossible"}]}]}]}. @param most questions to read; 0: all
/// @throws slimfit::file_error
inline squad_set read_squad(std::string const& path, slimfit::index_t most = 0) {
  slimfit::mapped_file const file(path);
  squad_set set{path, {}, {}};
  constexpr char const* problem_text = "is not as SQuAD's files are";
  auto const all = parse_json(file.text(), path, problem_text);
  try {
    for (auto const& article : all.at("data")) {
      for (auto const& paragraph : article.at("paragraphs")) {
        set.contexts.push_back(paragraph.at("context").get<std::string>());
        for (auto const& each : paragraph.at("qas")) {
          if (most > 0 && std::ssize(set.questions) >= most) { return set; }
          set.questions.push_back(detail::read_question(each, set.contexts.back(), path));
          set.questions.back().context = set.contexts.size() - 1;
        }
      }
    }
  } catch (nlohmann::json::exception const& problem) {
    throw slimfit::file_error("slimfit: " + path + " " + problem_text + ": " + problem.what());
  }
  if (set.questions.empty()) { throw slimfit::file_error("slimfit: " + path + " has no questions, expected some"); }
  return set;
}

}  // namespace examples
