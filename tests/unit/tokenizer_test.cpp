// SPDX-License-Identifier: MIT
// The tokenizer of the examples against Hugging Face's on lines made to be difficult.
#include <doctest/doctest.h>
#include <zlib.h>

#include <examples/text/tokenizer_files.hpp>

#include "../support/scratch_folder.hpp"

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

/// The tokenizer.json of the fixture, with its vocabulary.
json complete_file() {
  auto all = fixture().at("tokenizer");
  for (auto const& word : fixture().at("vocabulary")) {
    all["model"]["vocab"][word.get<std::string>()] = all["model"]["vocab"].size();
  }
  return all;
}

/// `load` throws a file_error whose message has all of `parts`.
template <class Load>
void check_refused(Load const& load, std::initializer_list<std::string> parts) {
  try {
    load();
    FAIL("accepted");
  } catch (slimfit::file_error const& problem) {
    std::string const message = problem.what();
    CAPTURE(message);
    for (auto const& part : parts) {
      CAPTURE(part);
      CHECK(message.find(part) != std::string::npos);
    }
  }
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
  auto const complete = examples::tokenizer_from_json(complete_file().dump(), "tokenizer.json");
  auto const plain = tokenizer(true);
  for (auto const& line : fixture().at("lines")) {
    CHECK(complete.encode(line.get<std::string>()).ids == plain.encode(line.get<std::string>()).ids);
  }
}

TEST_CASE("added tokens beside and beyond the vocabulary are found as Hugging Face finds them") {
  std::ifstream file(SLIMFIT_FIXTURES "/added_tokens.json");
  auto const all = json::parse(file);
  auto const lines = all.at("lines").get<std::vector<std::string>>();
  REQUIRE(lines.size() >= 14);
  for (auto const* const name : {"uncased", "cased"}) {
    auto const& expected = all.at(name);
    auto const ours = examples::tokenizer_from_json(expected.at("tokenizer").dump(), name);
    CHECK(ours.words().token(ours.words().size() - 1) == "<X>");
    CHECK(ours.words().find("<X>") == examples::vocabulary::none);
    for (std::size_t at = 0; at < lines.size(); ++at) {
      CAPTURE(lines[at]);
      auto ids = json::array();
      auto offsets = json::array();
      for (auto const& [id, span] : ours.pieces().split(lines[at])) {
        ids.push_back(id);
        offsets.push_back(span.first);
        offsets.push_back(span.last);
      }
      CHECK(ids == expected.at("ids")[at]);
      CHECK(offsets == expected.at("offsets")[at]);
    }
  }
}

TEST_CASE("a tokenizer.json of something else is refused") {
  using part = json::json_pointer;
  auto const refused = [](char const* place, json const& value, std::initializer_list<std::string> parts) {
    auto all = complete_file();
    all[part(place)] = value;
    check_refused([&] { examples::tokenizer_from_json(all.dump(), "wrong.json"); }, parts);
  };
  refused("/normalizer/type", "NFC", {"wrong.json: the normalizer's type is NFC, expected BertNormalizer"});
  refused("/normalizer", nullptr, {"wrong.json: the normalizer's type is none"});
  refused("/pre_tokenizer/type", "Whitespace", {"wrong.json", "Whitespace, expected BertPreTokenizer"});
  refused("/model/type", "BPE", {"wrong.json: the model's type is BPE, expected WordPiece"});
  refused("/model/vocab/the", 5, {"wrong.json: the id of \"", "each once"});
  refused("/model/vocab/the", -1, {"wrong.json: the id of \"the\" is -1, expected 0 to "});
  refused("/model/vocab/the", 1e300, {"wrong.json: the id of \"the\" is 1e+300"});
  refused("/model/vocab/the", 1U << 31U, {"wrong.json: the id of \"the\" is 2147483648"});
  refused("/model/vocab", json::array({"[PAD]"}), {"wrong.json: model.vocab"});
  refused("/model/unk_token", "<unk>", {"wrong.json: the vocabulary of ", "has no <unk>, expected"});
  refused("/normalizer/lowercase", "yes", {"wrong.json"});
  for (json const& longest : {json(2e42), json(-1), json(2.5), json("many")}) {
    refused("/model/max_input_chars_per_word", longest,
            {"wrong.json: max_input_chars_per_word is " + longest.dump() + ", expected a whole number from 0 on"});
  }
  refused("/added_tokens/0/id", 1,
          {"wrong.json: the id of the added token \"[PAD]\" is 1, expected 0 as in model.vocab"});
  refused("/added_tokens/0/content", "<more>",
          {"the id of the added token \"<more>\" is 0, expected ", "that is free"});
  refused("/added_tokens/0/content", "", {"the id of the added token \"\""});
  check_refused([] { examples::tokenizer_from_json("{", "wrong.json"); }, {"wrong.json is not JSON"});
  check_refused([] { examples::tokenizer_from_json("[1]", "wrong.json"); }, {"wrong.json is no tokenizer.json"});
  check_refused([] { examples::tokenizer_from_json("{}", "wrong.json"); }, {"wrong.json is no tokenizer.json"});
}

TEST_CASE("a model's folder: tokenizer.json, else vocab.txt with tokenizer_config.json") {
  slimfit::test::scratch_folder const folder;
  auto const load = [&] { return examples::load_tokenizer(folder.path); };
  auto const name = folder.path.string();
  check_refused(load, {name, "neither tokenizer.json nor vocab.txt"});
  folder.write("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nthe\r\nThe\r\ne\r\n\u00e9");
  using ids = std::vector<examples::token_id>;
  CHECK(load().encode("The \u00e9[SEP]").ids == ids{2, 4, 6, 3, 3});
  folder.write("tokenizer_config.json", R"({"do_lower_case": false, "strip_accents": null})");
  CHECK(load().encode("The \u00e9").ids == ids{2, 5, 7, 3});
  folder.write("tokenizer_config.json", R"({"do_lower_case": false, "strip_accents": true})");
  CHECK(load().encode("The \u00e9").ids == ids{2, 5, 6, 3});
  folder.write("tokenizer_config.json", R"({"do_lower_case": "no"})");
  check_refused(load, {name + "/tokenizer_config.json"});
  folder.write("tokenizer_config.json", "[");
  check_refused(load, {name + "/tokenizer_config.json is not JSON"});
  folder.write("tokenizer.json", complete_file().dump());
  CHECK(load().words().size() == tokenizer(true).words().size());
  folder.write("tokenizer.json", "{}");
  check_refused(load, {name + "/tokenizer.json"});
  std::filesystem::remove(folder.path / "tokenizer.json");
  std::filesystem::remove(folder.path / "tokenizer_config.json");
  folder.write("vocab.txt", "[PAD]\n[UNK]\n[SEP]\nthe\n");
  check_refused(load, {name + "/vocab.txt: the vocabulary of 4 tokens has no [CLS], expected"});
  folder.write("vocab.txt", "");
  check_refused(load, {name + "/vocab.txt: the vocabulary of 0 tokens has no [UNK]"});
  std::filesystem::remove(folder.path / "vocab.txt");
  std::filesystem::create_directory(folder.path / "vocab.txt");
  check_refused(load, {name + "/vocab.txt could not be read", "expected a regular file"});
}

TEST_CASE("a tokenizer's files go along with a saved model") {
  slimfit::test::scratch_folder const from;
  slimfit::test::scratch_folder const to;
  from.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
  from.write("config.json", "{}");
  to.write("vocab.txt", "old");
  examples::copy_tokenizer_files(from.path, to.path);
  CHECK(examples::load_tokenizer(to.path).words().size() == 4);
  CHECK_FALSE(std::filesystem::exists(to.path / "config.json"));
  examples::copy_tokenizer_files(from.path, from.path);  // onto themselves
  CHECK(examples::load_tokenizer(from.path).words().size() == 4);
  check_refused([&] { examples::copy_tokenizer_files(from.path, to.path / "none"); },
                {"vocab.txt", "could not be copied"});
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
