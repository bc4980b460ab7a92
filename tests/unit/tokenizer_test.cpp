// SPDX-License-Identifier: MIT
// The tokenizer of the examples against Hugging Face's on lines made to be difficult.
#include <doctest/doctest.h>
#include <zlib.h>

#include <examples/text/tokenizer_files.hpp>

namespace {

using nlohmann::json;

json const& fixture() {
  static json const all = [] {
    std::string text;
    gzFile const file = gzopen(SLIMFIT_FIXTURES "/tokenizer.json.gz", "rb");
    REQUIRE(file != nullptr);
    char piece[65536];
    for (int got = 0; (got = gzread(file, piece, sizeof piece)) > 0;) {
      text.append(piece, static_cast<std::size_t>(got));
    }
    gzclose(file);
    return json::parse(text);
  }();
  return all;
}

examples::bert_tokenizer tokenizer(bool lower_case) {
  std::string lines;
  for (auto const& word : fixture().at("vocabulary")) { lines += word.get<std::string>() + '\n'; }
  examples::wordpiece_settings settings;
  settings.lower_case = settings.strip_accents = lower_case;
  return examples::tokenizer_from_vocabulary(lines, settings);
}

json described(examples::encoding const& made) {
  auto offsets = json::array();
  for (auto const span : made.offsets) {
    offsets.push_back(span.first);
    offsets.push_back(span.last);
  }
  return {made.ids, made.types, offsets};
}
json described(std::vector<examples::encoding> const& windows) {
  auto all = json::array();
  for (auto const& one : windows) { all.push_back(described(one)); }
  return all;
}

}  // namespace

TEST_CASE("singles, pairs, truncation and windows equal Hugging Face's") {
  auto const lines = fixture().at("lines").get<std::vector<std::string>>();
  REQUIRE(lines.size() >= 2000);
  for (bool const lower_case : {true, false}) {
    auto const ours = tokenizer(lower_case);
    auto const& expected = fixture().at(lower_case ? "uncased" : "cased");
    for (std::size_t at = 0; at < lines.size(); ++at) {
      CAPTURE(lines[at]);
      CHECK(described(ours.encode(lines[at])) == expected["singles"][at]);
      if (at % 4 != 0) { continue; }
      CHECK(described(ours.windows(lines[at], 24, 5)) == expected["windows"][at / 4]);
      CHECK(described(ours.pair_windows("the naïve question", lines[at], 24, 5)) == expected["pair_windows"][at / 4]);
      if (at + 1 == lines.size()) { continue; }
      CHECK(described(ours.encode_pair(lines[at], lines[at + 1])) == expected["pairs"][at / 4]);
      CHECK(json(ours.encode_pair(lines[at], lines[at + 1], 24).ids) == expected["truncated"][at / 4]);
    }
  }
}

TEST_CASE("tokenizer.json and vocab.txt give the same") {
  auto all = fixture().at("tokenizer");
  for (auto const& word : fixture().at("vocabulary")) {
    all["model"]["vocab"][word.get<std::string>()] = all["model"]["vocab"].size();
  }
  auto const complete = examples::tokenizer_from_json(all.dump(), "tokenizer.json");
  auto const plain = tokenizer(true);
  for (auto const& line : fixture().at("lines")) {
    CHECK(complete.encode(line.get<std::string>()).ids == plain.encode(line.get<std::string>()).ids);
  }
  all["normalizer"]["type"] = "NFC";
  CHECK_THROWS_AS(examples::tokenizer_from_json(all.dump(), "tokenizer.json"), slimfit::file_error);
  CHECK_THROWS_AS(examples::tokenizer_from_json("{", "tokenizer.json"), slimfit::file_error);
}

TEST_CASE("bytes that are no UTF-8 are U+FFFD, one for each longest beginning of a character") {
  auto const codes = [](std::string const& text) {
    std::u32string all;
    for (std::size_t at = 0; at < text.size(); at += examples::decode(text, at).bytes) {
      all += examples::decode(text, at).code;
    }
    return all;
  };
  CHECK(codes("a\xFF"
              "b") == U"a\uFFFDb");
  CHECK(codes("\xE2\x82") == U"\uFFFD");
  CHECK(codes("\xED\xA0\x80") == U"\uFFFD\uFFFD\uFFFD");
  CHECK(codes("\xF0\x9F\x98x") == U"\uFFFDx");
  CHECK(codes("\xC0\x80") == U"\uFFFD\uFFFD");
  auto const ours = tokenizer(true);
  CHECK(ours.encode("the\xFF the").ids == ours.encode("the the").ids);
}

TEST_CASE("lengths that leave no room are refused") {
  auto const ours = tokenizer(true);
  CHECK_THROWS_AS(ours.encode("the", 1), slimfit::value_error);
  CHECK_THROWS_AS(ours.windows("the the the the", 4, 2), slimfit::value_error);
  CHECK_THROWS_AS(ours.pair_windows("the the the", "the the", 6, 0), slimfit::value_error);
}
