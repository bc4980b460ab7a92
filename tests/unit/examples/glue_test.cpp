// SPDX-License-Identifier: MIT
// GLUE: every task's files as they are published, and the figures against scikit-learn's and SciPy's.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "examples/programs/data/class_names.hpp"
#include "examples/programs/data/glue.hpp"
#include "examples/programs/metrics/figures.hpp"
#include "support/scratch_folder.hpp"

namespace ex = examples;
using slimfit::test::scratch_folder;

namespace {

ex::glue_task const& task(std::string const& name) {
  for (auto const& each : ex::glue_tasks()) {
    if (each.name == name) { return each; }
  }
  throw std::logic_error(name);
}

/// What a task's reader makes of a train.tsv.
std::vector<ex::glue_sample> rows_of(std::string const& name, std::string const& content, slimfit::index_t most = 0) {
  scratch_folder const folder;
  folder.write("train.tsv", content);
  return ex::read_glue(task(name), folder.path.string(), "train", most);
}

/// The message names the file and contains `part`.
void check_refused(std::string const& name, std::string const& content, std::string const& part) {
  CAPTURE(part);
  try {
    rows_of(name, content);
    FAIL("accepted");
  } catch (slimfit::file_error const& problem) {
    std::string const message = problem.what();
    CAPTURE(message);
    CHECK(message.find("/train.tsv") != std::string::npos);
    CHECK(message.find(part) != std::string::npos);
  }
}

void check_row(ex::glue_sample const& row, std::string const& first, std::string const& second, std::int32_t label,
               float score = 0) {
  CHECK(row.first == first);
  CHECK(row.second == second);
  CHECK(row.label == label);
  CHECK(row.score == score);
}

}  // namespace

TEST_CASE("glue: tasks of one text") {
  auto rows = rows_of("cola", "gj04\t1\t\tThe sailors rode the breeze.\nr-67\t0\t*\tThem \"quoted\".\n");
  REQUIRE(rows.size() == 2);  // the first line is a row
  check_row(rows[0], "The sailors rode the breeze.", "", 1);
  check_row(rows[1], "Them \"quoted\".", "", 0);
  rows = rows_of("sst2", "sentence\tlabel\nhide new secretions \t0\ncharming . \t1\n");
  REQUIRE(rows.size() == 2);
  check_row(rows[0], "hide new secretions ", "", 0);
  check_row(rows[1], "charming . ", "", 1);
}

TEST_CASE("glue: tasks of two texts") {
  auto rows = rows_of("mrpc",
                      "\xEF\xBB\xBFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
                      "1\t702876\t702977\tAmrozi accused \"the witness\".\tReferring to him.\r\n"
                      "0\t2108705\t2108831\tFirst.\tSecond.\r\n");
  REQUIRE(rows.size() == 2);
  check_row(rows[0], "Amrozi accused \"the witness\".", "Referring to him.", 1);
  check_row(rows[1], "First.", "Second.", 0);

  rows = rows_of("stsb",
                 "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
                 "0\tmain-captions\tMSRvid\t2012test\t0001\tnone\tnone\tA plane.\tAn air plane.\t5.000\n"
                 "1\tmain-captions\tMSRvid\t2012test\t0004\tnone\tnone\tA man.\tA flute.\t3.8\n");
  REQUIRE(rows.size() == 2);
  check_row(rows[0], "A plane.", "An air plane.", 0, 5);
  check_row(rows[1], "A man.", "A flute.", 0, 3.8F);

  rows = rows_of("mnli",
                 "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\t"
                 "sentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n"
                 "0\t1\t1n\tg\t( a\t( b\t(R a\t(R b\tCream has two.\tCream has one.\tentailment\tneutral\n"
                 "1\t2\t2e\tg\t( a\t( b\t(R a\t(R b\tOne.\tTwo.\tneutral\tentailment\n"
                 "2\t3\t3c\tg\t( a\t( b\t(R a\t(R b\tOne.\tTwo.\tneutral\tcontradiction\n");
  REQUIRE(rows.size() == 3);
  check_row(rows[0], "Cream has two.", "Cream has one.", 1);  // the gold label, not that of one person
  check_row(rows[1], "One.", "Two.", 0);
  check_row(rows[2], "One.", "Two.", 2);

  for (std::string const name : {"qnli", "rte"}) {
    std::string const first = name == "qnli" ? "question" : "sentence1";
    std::string const second = name == "qnli" ? "sentence" : "sentence2";
    rows = rows_of(name, "index\t" + first + "\t" + second +
                             "\tlabel\n0\tWhen?\tIn 1854.\tentailment\n1\tWhere?\tNo.\tnot_entailment\n");
    REQUIRE(rows.size() == 2);
    check_row(rows[0], "When?", "In 1854.", 0);
    check_row(rows[1], "Where?", "No.", 1);
  }
}

TEST_CASE("glue: rows of QQP that were cut are left out") {
  std::string const heading = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n";
  auto const rows = rows_of("qqp", heading + "1\t2\t3\tHow?\tWhy?\t0\n2\t3\tcut\n3\t4\t5\tWho?\tWhose?\t1\n");
  REQUIRE(rows.size() == 2);
  check_row(rows[0], "How?", "Why?", 0);
  check_row(rows[1], "Who?", "Whose?", 1);
  check_refused("qqp", heading + "2\t3\tcut\n3\tcut\n", "expected at least one whole row");
}

TEST_CASE("glue: as many rows as asked for") {
  std::string const content = "sentence\tlabel\na\t0\nb\t1\nc\t1";  // no line feed at the end
  CHECK(rows_of("sst2", content).size() == 3);
  CHECK(rows_of("sst2", content, 2).size() == 2);
  CHECK(rows_of("sst2", content, 9).size() == 3);
  CHECK(rows_of("sst2", content, 2)[1].first == "b");
}

TEST_CASE("glue: errors name the file, the line, and what was expected") {
  check_refused("sst2", "sentence\tlabel\na\t1\nb\t2\n", "line 3: has label \"2\", expected one of 0, 1");
  check_refused("cola", "x\t1\t\ta\nx\tyes\t\tb\n", "line 2: has label \"yes\", expected one of 0, 1");
  check_refused("rte", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tneutral\n",
                "line 2: has label \"neutral\", expected one of entailment, not_entailment");
  check_refused("sst2", "sentence\tlabel\na\t1\nb\n", "line 3: has 1 columns, expected at least 2");
  check_refused("cola", "x\t1\t\n", "line 1: has 3 columns, expected at least 4");
  check_refused("sst2", "text\tlabel\na\t1\n", "line 1: names no column sentence");
  check_refused("sst2", "sentence\tlabel\n", "has no rows");
  check_refused("sst2", "", "has no rows");
  check_refused("sst2", std::string("sentence\tlabel\na\0b\t1\n", 21), "holds a zero byte");
  for (std::string const score : {"5.1", "-1", "nan", "1e9", "", "3,8", "3.8 "}) {
    check_refused("stsb", "sentence1\tsentence2\tscore\na\tb\t" + score + "\n",
                  "line 2: has score \"" + score + "\", expected a number from 0 to 5");
  }
  scratch_folder const folder;
  CHECK_THROWS_AS(ex::read_glue(task("sst2"), folder.path.string(), "train"), slimfit::file_error);
}

TEST_CASE("glue: a tab too many or too few is an error with its line") {
  check_refused("sst2", "sentence\tlabel\na\t1\nb\t0\textra\n", "line 3: has 3 columns, expected at most 2");
  check_refused("cola", "x\t1\t\ta\tb\n", "line 1: has 5 columns, expected at most 4");
  check_refused("rte", "index\tsentence1\tsentence2\tlabel\tmore\n0\ta\tb\tentailment\n",
                "line 2: has 4 columns, expected at least 5");
  check_refused("qqp", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\tHow?\tWhy?\tnow\t0\n",
                "line 2: has 7 columns, expected at most 6");
}

TEST_CASE("glue: text that is not UTF-8 is an error with its line and byte") {
  check_refused("sst2", "sentence\tlabel\ngood\t1\ncaf\xE9 good\t1\n",
                "line 3: byte 4 of the line, 0xE9, is not UTF-8");
  for (std::string const wrong : {"\xC0\xAF", "\xED\xB0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"}) {
    check_refused("sst2", "sentence\tlabel\n" + wrong + "\t1\n", "line 2: byte 1 of the line");
  }
  check_refused("sst2", std::string("\xFF\xFEs\0e\0", 6), "line 1: byte 1 of the line, 0xFF");  // UTF-16
  CHECK(rows_of("sst2", "sentence\tlabel\n\xF0\x9F\x98\x80\t1\n")[0].first == "\xF0\x9F\x98\x80");
}

TEST_CASE("glue: classes have the numbers that a checkpoint gives their names") {
  auto const named = [](std::string const& of, std::vector<std::string> const& labels, bool agree = true) {
    slimfit::huggingface_config config;
    config.labels = labels;
    config.labels_agree = agree;
    return ex::checkpoint_class_names(task(of), config, "model/config.json");
  };
  using numbers = std::vector<std::int32_t>;
  auto const nli = named("mnli", {"contradiction", "ENTAILMENT", "Neutral"});
  CHECK(nli.numbers == numbers{1, 2, 0});
  CHECK(nli.names == std::vector<std::string>{"contradiction", "ENTAILMENT", "Neutral"});
  CHECK_FALSE(nli.assumed);
  CHECK(ex::in_order_of_task({0.1F, 0.2F, 0.3F, 1, 2, 3}, nli) == std::vector<float>{0.2F, 0.3F, 0.1F, 2, 3, 1});
  CHECK(named("sst2", {"POSITIVE", "NEGATIVE"}).numbers == numbers{1, 0});
  CHECK(named("sst2", {"1", "0"}).numbers == numbers{1, 0});  // as the files write them
  for (auto const& plain : {std::vector<std::string>{"LABEL_0", "LABEL_1"}, {}}) {
    auto const assumed = named("mrpc", plain);
    CHECK(assumed.assumed);
    CHECK(assumed.numbers == numbers{0, 1});
    CHECK(assumed.names == std::vector<std::string>{"not_equivalent", "equivalent"});
  }
  auto const refuses = [&](std::string const& of, std::vector<std::string> const& labels) {
    CAPTURE(of);
    CHECK_THROWS_WITH_AS(named(of, labels), doctest::Contains("model/config.json: the classes are "),
                         slimfit::file_error);
  };
  refuses("cola", {"negative", "positive"});
  refuses("mnli", {"entailment", "neutral", "neutral"});
  refuses("sst2", {"LABEL_1", "LABEL_0"});
  CHECK_THROWS_WITH_AS(named("sst2", {"negative", "positive"}, false), doctest::Contains("label2id disagree"),
                       slimfit::file_error);
  for (auto const& each : ex::glue_tasks()) {
    if (!each.names.empty()) { CHECK(each.names.size() == each.classes.size()); }
  }
}

TEST_CASE("glue: figures equal scikit-learn's and SciPy's") {
  std::ifstream file(SLIMFIT_FIXTURES "/figures.json");
  auto const fixture = nlohmann::json::parse(file);
  auto const check = [](nlohmann::json const& expected, char const* name, double actual) {
    CAPTURE(name);
    CHECK(std::abs(actual - expected.at(name).get<double>()) < 1e-9);
  };
  REQUIRE(fixture.at("classes").size() >= 7);
  for (auto const& each : fixture.at("classes")) {
    auto const predicted = each.at("predicted").get<std::vector<std::int32_t>>();
    auto const labels = each.at("labels").get<std::vector<std::int32_t>>();
    check(each, "accuracy", ex::accuracy(predicted, labels));
    check(each, "f1", ex::f1(predicted, labels));
    check(each, "matthews", ex::matthews(predicted, labels));
  }
  REQUIRE(fixture.at("numbers").size() >= 5);
  for (auto const& each : fixture.at("numbers")) {
    auto const predicted = each.at("predicted").get<std::vector<double>>();
    auto const labels = each.at("labels").get<std::vector<double>>();
    check(each, "pearson", ex::pearson(predicted, labels));
    check(each, "spearman", ex::spearman(predicted, labels));
  }
  CHECK(std::isnan(ex::pearson({1, 1, 1}, {1, 2, 3})));
  for (double const none : {std::nan(""), HUGE_VAL}) {
    CHECK(std::isnan(ex::pearson({1, none, 3}, {1, 2, 3})));
    CHECK(std::isnan(ex::spearman({1, none, 3}, {1, 2, 3})));
    CHECK(std::isnan(ex::spearman({1, 2, 3}, {none, 2, 3})));
  }
  CHECK(ex::ranks({3, 1, 3, 2}) == std::vector<double>{3.5, 1, 3.5, 2});
}
