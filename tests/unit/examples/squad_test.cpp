// SPDX-License-Identifier: MIT
// SQuAD 2.0: files, windows and their labels, answers from scores, and the official figures.
#include <doctest/doctest.h>

#include <cmath>

#include "examples/programs/finetune_bert/squad_task.hpp"
#include "examples/programs/text/tokenizer_files.hpp"
#include "support/scratch_folder.hpp"

namespace ex = examples;
using slimfit::test::scratch_folder;

namespace {

std::string file_with(std::string const& questions) {
  return R"({"version": "v2.0", "data": [{"title": "t", "paragraphs": [{"context": "é one two three four five six", "qas": [)" +
         questions + "]}]}]}";
}
std::string const answerable =
    R"({"id": "a", "question": "which number", "answers": [{"text": "three four", "answer_start": 10},
        {"text": "three", "answer_start": 10}], "is_impossible": false})";
std::string const impossible =
    R"({"id": "b", "question": "which colour", "answers": [], "plausible_answers": [{"text": "one", "answer_start": 2}],
        "is_impossible": true})";

/// Ids 0 to 4 are special; every word of the paragraph and the questions is one token.
ex::bert_tokenizer tokenizer() {
  return ex::tokenizer_from_vocabulary(
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ne\none\ntwo\nthree\nfour\nfive\nsix\nwhich\nnumber\ncolour\n", {});
}

}  // namespace

TEST_CASE("squad: the official figures") {
  std::ifstream file(std::string(SLIMFIT_FIXTURES) + "/squad_scores.json");
  auto const fixture = nlohmann::json::parse(file);
  std::vector<ex::squad_prediction> all;
  for (auto const& each : fixture.at("cases")) {
    all.push_back({each.at("answer"), each.at("no_answer"), each.at("truth")});
  }
  auto const result = ex::score_squad(all, fixture.at("threshold"));
  auto const& figures = fixture.at("figures");
  auto const check = [&](char const* name, double actual) {
    CAPTURE(name);
    CHECK(std::abs(actual - figures.at(name).get<double>()) < 1e-9);
  };
  check("exact", result.all.exact);
  check("f1", result.all.f1);
  check("HasAns_exact", result.answerable.exact);
  check("HasAns_f1", result.answerable.f1);
  check("NoAns_exact", result.unanswerable.exact);
  check("NoAns_f1", result.unanswerable.f1);
  check("best_exact", result.best.exact);
  check("best_exact_thresh", result.best_exact_threshold);
  check("best_f1", result.best.f1);
  check("best_f1_thresh", result.best_f1_threshold);
}

TEST_CASE("squad: answers are compared as words") {
  using words = std::vector<std::string>;
  CHECK(ex::answer_words("The U.S. \t an  other-thing") == words{"us", "otherthing"});
  CHECK(ex::answer_words("theatre a_n") == words{"theatre"});  // the underscore goes first
  CHECK(ex::answer_words("ΟΔΟΣ ΣΑ") == words{"οδος", "σα"});
  CHECK(ex::answer_words(" ... the ").empty());
}

TEST_CASE("squad: files as they are published") {
  scratch_folder const folder;
  auto const set = ex::read_squad(folder.write("good", file_with(answerable + "," + impossible)));
  REQUIRE(set.questions.size() == 2);
  auto const& first = set.questions[0];
  CHECK(first.id == "a");
  CHECK(set.contexts[first.context].substr(first.first, first.last - first.first) == "three four");
  CHECK(first.answers == std::vector<std::string>{"three four", "three"});
  CHECK(set.questions[1].answers.empty());
  CHECK(ex::read_squad(folder.write("good", file_with(answerable + "," + impossible)), 1).questions.size() == 1);

  auto const refuses = [&](std::string const& text, char const* what) {
    CHECK_THROWS_WITH_AS(ex::read_squad(folder.write("bad", text)), doctest::Contains(what), slimfit::file_error);
  };
  refuses("", "is not as SQuAD's files are");
  refuses("[]", "is not as SQuAD's files are");
  refuses(R"({"data": []})", "has no questions");
  refuses(file_with(R"({"id": "a", "question": 1, "answers": []})"), "is not as SQuAD's files are");
  refuses(file_with(R"({"id": "a", "question": "q", "answers": [{"text": "three", "answer_start": 3}]})"),
          "is not where answer_start says");
  refuses(file_with(R"({"id": "a", "question": "q", "answers": [{"text": "x", "answer_start": 3000}]})"),
          "is not where answer_start says");
  // "one" is at character 2; these would be taken for it, or for no place at all, were they made whole.
  for (std::string const place : {"-1", "2.0", "2.9", "1e300", "true", "null", "\"2\""}) {
    CAPTURE(place);
    refuses(file_with(R"({"id": "a", "question": "q", "answers": [{"text": "one", "answer_start": )" + place + "}]}"),
            "expected a whole number from 0 on");
  }
  CHECK_THROWS_AS(ex::read_squad((folder.path / "none").string()), slimfit::file_error);
}

TEST_CASE("squad: text that is not UTF-8, or nested without end, is refused") {
  scratch_folder const folder;
  auto const refuses = [&](std::string const& text, char const* what) {
    CHECK_THROWS_WITH_AS(ex::read_squad(folder.write("bad", text)), doctest::Contains(what), slimfit::file_error);
  };
  refuses("{\n\"data\": \"caf\xE9\"}", "bad, line 2: byte 13 of the line, 0xE9, is not UTF-8");
  std::string const deep = std::string(100'000, '[') + std::string(100'000, ']');
  refuses(R"({"data": )" + deep + "}", "nested deeper, expected at most 64 levels");
  refuses(file_with(R"({"id": "a", "question": "q", "answers": [{"text": "x", "answer_start": )" + deep + "}]}"),
          "nested deeper, expected at most 64 levels");
  CHECK(ex::read_squad(folder.write("good", "\xEF\xBB\xBF" + file_with(answerable))).questions.size() == 1);
}

TEST_CASE("squad: a question that leaves no room is named, and its file") {
  scratch_folder const folder;
  auto const path = folder.write("good", file_with(answerable + "," + impossible));
  auto const set = ex::read_squad(path);
  CHECK_THROWS_WITH_AS(ex::windows_of(set, tokenizer(), {5, 1}),
                       doctest::Contains((path + ": question a leaves no room for its paragraph").c_str()),
                       slimfit::value_error);
}

TEST_CASE("squad: windows know where the answer is, or that they have it not") {
  scratch_folder const folder;
  auto const set = ex::read_squad(folder.write("good", file_with(answerable + "," + impossible)));
  auto const pieces = tokenizer();
  // [CLS] which number [SEP], three tokens of the paragraph, [SEP]; neighbours share one.
  auto const windows = ex::windows_of(set, pieces, {8, 1});
  REQUIRE(windows.size() == 6);
  std::vector<std::pair<std::int32_t, std::int32_t>> labels;
  for (auto const& each : windows) { labels.push_back(ex::answer_in(each.tokens, set.questions[each.question])); }
  // e one two | two three four | four five six
  CHECK(labels == std::vector<std::pair<std::int32_t, std::int32_t>>{{0, 0}, {5, 6}, {0, 0}, {0, 0}, {0, 0}, {0, 0}});
  auto const whole = ex::windows_of(set, pieces, {64, 1});
  REQUIRE(whole.size() == 2);
  CHECK(ex::answer_in(whole[0].tokens, set.questions[0]) == std::pair<std::int32_t, std::int32_t>{7, 8});

  // Scores that point at the labels give the answer back, and figures of 100 %.
  constexpr slimfit::index_t limit = 16;
  std::vector<float> scores(windows.size() * 2 * limit, -5.0F);
  for (std::size_t w = 0; w < windows.size(); ++w) {
    scores[w * 2 * limit + 2 * static_cast<std::size_t>(labels[w].first)] = 4;
    scores[w * 2 * limit + 2 * static_cast<std::size_t>(labels[w].second) + 1] = 4;
  }
  auto const predictions = ex::predictions_of(set, windows, scores, limit);
  CHECK(predictions[0].answer == "three four");
  CHECK(predictions[0].no_answer_score < 0);
  CHECK(predictions[1].no_answer_score > 0);
  CHECK(ex::score_squad(predictions, 0).all.exact == 100);
}

TEST_CASE("squad: the whole task") {
  scratch_folder const folder;
  auto const set = ex::read_squad(folder.write("good", file_with(answerable + "," + impossible)));
  auto const work = ex::make_squad_task(tokenizer(), set, set, {8, 1}, {.limit = 16, .padding = 4, .rows = 15});
  CHECK(work.train->size() == 6);
  CHECK(work.train->length(1) == 8);
  std::vector<std::int32_t> ids(32);
  std::vector<std::int32_t> labels(2);
  work.train->fill(1, 0, ids.data(), labels.data());
  CHECK(labels == std::vector<std::int32_t>{5, 6});
  CHECK(ids[0] == 2);
  CHECK(ids[8] == 4);  // the model's padding, which need not be the tokenizer's
  CHECK_THROWS_AS(ex::make_squad_task(tokenizer(), set, set, {8, 1}, {.limit = 16, .padding = 0, .rows = 14}),
                  slimfit::value_error);
  CHECK(std::vector<std::int32_t>(ids.begin() + 16, ids.begin() + 25) ==
        std::vector<std::int32_t>{0, 0, 0, 0, 1, 1, 1, 1, 0});
  std::vector<float> scores(6 * 32);
  for (float const none : {std::nanf(""), HUGE_VALF}) {
    scores[3 * 32 + 5] = none;  // the first window of the second question
    CHECK_THROWS_WITH_AS(static_cast<void>(work.judge(scores)), doctest::Contains("score of test sample 1 is "),
                         slimfit::value_error);
  }
  scores[3 * 32 + 5] = 0;
  std::fill(scores.begin() + 16, scores.begin() + 32, -HUGE_VALF);  // padding
  CHECK_THROWS_AS(static_cast<void>(ex::score_squad({{"", std::nan(""), {}}})), slimfit::value_error);
  auto const figures = work.judge(scores);
  CHECK(figures.count("exact") == 1);
  CHECK(figures.count("best_f1_threshold") == 1);
}
