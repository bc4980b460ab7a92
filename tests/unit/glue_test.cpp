// SPDX-License-Identifier: MIT
// GLUE's files as they are published, against what Python's csv reader finds in them; and files that are not so.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../../examples/data/glue.hpp"

namespace ex = examples;

namespace {

std::string const fixtures = std::string(SLIMFIT_FIXTURES) + "/tasks/";

ex::glue_task const& task_named(std::string const& name) {
  for (auto const& task : ex::glue_tasks()) {
    if (task.name == name || task.folder == name) { return task; }
  }
  FAIL("no task " << name);
  return ex::glue_tasks().front();
}

/// A folder with a dev.tsv, gone at the end.
class scratch_file {
 public:
  explicit scratch_file(std::string const& bytes) {
    std::string name = (std::filesystem::temp_directory_path() / "slimfit.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    std::ofstream(folder_ + "/dev.tsv", std::ios::binary) << bytes;
  }
  scratch_file(scratch_file const&) = delete;
  scratch_file& operator=(scratch_file const&) = delete;
  ~scratch_file() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string const& folder() const { return folder_; }

 private:
  std::string folder_;
};

std::vector<ex::glue_sample> read(std::string const& task, std::string const& bytes, slimfit::index_t most = 0) {
  scratch_file const file(bytes);
  return ex::read_glue(task_named(task), file.folder(), "dev", most);
}
void refused(std::string const& task, std::string const& bytes, std::string const& message) {
  CAPTURE(bytes.substr(0, 100));
  CHECK_THROWS_WITH_AS(read(task, bytes), doctest::Contains(message.c_str()), slimfit::file_error);
}

}  // namespace

TEST_CASE("glue: every task's files as they are published") {
  std::ifstream stream(fixtures + "expected.json");
  auto const expected = nlohmann::json::parse(stream).at("files");
  CHECK(expected.size() == 10);
  for (auto const& item : expected.items()) {
    std::string const& name = item.key();
    auto const& rows = item.value();
    CAPTURE(name);
    auto const slash = name.find('/');
    auto const& task = task_named(name.substr(0, slash));
    auto const samples = ex::read_glue(task, fixtures + task.folder, name.substr(slash + 1));
    REQUIRE(samples.size() == rows.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      CHECK(samples[i].first == rows[i].front());
      CHECK(samples[i].second == (rows[i].size() == 3 ? rows[i][1].get<std::string>() : ""));
      auto const label = rows[i].back().get<std::string>();
      if (task.classes.empty()) {
        CHECK(samples[i].score == std::stof(label));
      } else {
        CHECK(task.classes[static_cast<std::size_t>(samples[i].label)] == label);
      }
    }
  }
}

TEST_CASE("glue: classes are numbered as Hugging Face numbers them") {
  auto const label = [](std::string const& task, std::string const& text) {
    auto const& classes = task_named(task).classes;
    return std::find(classes.begin(), classes.end(), text) - classes.begin();
  };
  CHECK(label("mnli", "entailment") == 0);
  CHECK(label("mnli", "neutral") == 1);
  CHECK(label("mnli", "contradiction") == 2);
  CHECK(label("qnli", "entailment") == 0);
  CHECK(label("rte", "not_entailment") == 1);
  CHECK(label("mrpc", "1") == 1);
}

TEST_CASE("glue: a byte order mark, CR LF, no last line end, a limit") {
  auto const plain = read("sst2", "sentence\tlabel\na \t1\nb\t0\n");
  CHECK(plain.size() == 2);
  CHECK(plain[0].first == "a ");
  for (auto const* bytes : {"\xEF\xBB\xBFsentence\tlabel\r\na \t1\r\nb\t0\r\n", "sentence\tlabel\na \t1\nb\t0",
                            "label\tsentence\textra\n1\ta \tx\n0\tb\ty\n"}) {
    auto const other = read("sst2", bytes);
    REQUIRE(other.size() == 2);
    CHECK(other[0].first == "a ");
    CHECK(other[0].label == 1);
    CHECK(other[1].first == "b");
    CHECK(other[1].label == 0);
  }
  CHECK(read("sst2", "sentence\tlabel\na\t1\nb\tnonsense\n", 1).size() == 1);
}

TEST_CASE("glue: very long lines") {
  std::string const text(8 << 20, 'x');
  CHECK(read("sst2", "sentence\tlabel\n" + text + "\t1\n")[0].first.size() == text.size());
  refused("sst2", "sentence\tlabel\n" + text, "line 2: has 1 columns, expected at least 2");
}

TEST_CASE("glue: what is not as published is refused, with its line") {
  std::string const heading = "sentence\tlabel\n";
  refused("sst2", "", "has no rows, expected at least one");
  refused("sst2", heading, "has no rows");
  refused("sst2", "text\tlabel\na\t1\n", "line 1: names no column sentence");
  refused("sst2", "sentence\na\n", "line 1: names no column label");
  refused("sst2", heading + "a\t1\nb\n", "line 3: has 1 columns, expected at least 2");
  refused("sst2", heading + "a\t1\n\nb\t1\n", "line 3: has 1 columns");
  refused("sst2", heading + "a\t2\n", "line 2: has label \"2\", expected one of 0, 1");
  refused("sst2", heading + "a\t\n", "line 2: has label \"\"");
  refused("sst2", heading + "a\t1 \n", "line 2: has label \"1 \"");
  refused("sst2", heading + std::string("a\0b\t1\n", 6), "holds a zero byte");
  refused("cola", "gj04\t1\t\ta\ngj04\t1\t\n", "line 2: has 3 columns, expected at least 4");
  refused("rte", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tneutral\n",
          "has label \"neutral\", expected one of entailment, not_entailment");
  for (auto const* score : {"", "x", "5.1", "-0.1", "nan", "inf", "1e", "1e99", "2,5", "3 ", " 3", "0x1"}) {
    refused("stsb", std::string("sentence1\tsentence2\tscore\na\tb\t") + score + "\n",
            "line 2: has score \"" + std::string(score) + "\", expected a number from 0 to 5");
  }
  // Of QQP alone rows that were cut are skipped; a whole row must be right.
  std::string const questions = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n";
  refused("qqp", questions + "1\t2\t3\ta\tb\tmaybe\n", "line 2: has label \"maybe\"");
  CHECK(read("qqp", questions + "1\t2\t3\ta\n1\t2\t3\ta\tb\t1\n").size() == 1);
  refused("mrpc", "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t2\t3\ta\n", "line 2: has 4 columns");
  CHECK_THROWS_AS(ex::read_glue(task_named("sst2"), fixtures + "SST-2", "none"), slimfit::file_error);
  CHECK_THROWS_AS(ex::read_glue(task_named("sst2"), fixtures, "SST-2"), slimfit::file_error);
}

TEST_CASE("glue: a file cut anywhere is read in part or refused") {
  std::ifstream stream(fixtures + "STS-B/dev.tsv", std::ios::binary);
  std::string const whole{std::istreambuf_iterator<char>(stream), {}};
  std::size_t complete = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    try {
      auto const samples = read("stsb", whole.substr(0, length));
      CHECK(samples.size() <= 3);
      ++complete;
    } catch (slimfit::file_error const&) {}
  }
  CHECK(complete > 0);
  CHECK(complete < whole.size() / 4);
}
