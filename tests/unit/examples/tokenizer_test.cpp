// SPDX-License-Identifier: MIT
// The tokenizer of the examples against Hugging Face's on lines made to be difficult.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <examples/programs/text/tokenizer_files.hpp>

#include "support/scratch_folder.hpp"

namespace {

using nlohmann::json;

json compressed_fixture(std::string const& name) {
  std::string text;
  gzFile const file = gzopen((SLIMFIT_FIXTURES "/" + name).c_str(), "rb");
  REQUIRE(file != nullptr);
  char piece[65536];
  for (int got = 0; (got = gzread(file, piece, sizeof piece)) > 0;) {
    text.append(piece, static_cast<std::size_t>(got));
  }
  gzclose(file);
  return json::parse(text);
}
json const& fixture() {
  static json const all = compressed_fixture("tokenizer.json.gz");
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
  std::filesystem::remove(folder.path / "tokenizer_config.json");
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

TEST_CASE("folders whose files add to each other or contradict each other are read as Hugging Face reads them") {
  auto const all = compressed_fixture("tokenizer_folders.json.gz");
  auto const lines = all.at("lines").get<std::vector<std::string>>();
  REQUIRE(all.at("folders").size() >= 100);
  for (auto const& each : all.at("folders")) {
    CAPTURE(each.at("name").get<std::string>());
    std::map<std::string, std::string> texts;
    for (auto const& [name, content] : each.at("files").items()) {
      texts[name] = content.is_string() ? content.get<std::string>() : content.dump();
    }
    auto const ours = examples::tokenizer_files(texts, "folder").tokenizer();
    for (std::size_t at = 0; at < lines.size(); ++at) {
      CAPTURE(lines[at]);
      CHECK(json(ours.encode(lines[at]).ids) == each.at("ids")[at]);
    }
  }
}

TEST_CASE("a folder whose tokenizer is another is refused by name") {
  auto const refused = [](std::string const& name, json const& content, std::initializer_list<std::string> parts,
                          bool complete = false) {
    std::map<std::string, std::string> texts{{"vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n"}};
    if (complete) { texts["tokenizer.json"] = complete_file().dump(); }
    texts[name] = content.dump();
    check_refused([&] { return examples::tokenizer_files(texts, "folder").tokenizer(); }, parts);
  };
  char const* const config = "tokenizer_config.json";
  for (std::string const type : {"BertJapaneseTokenizer", "RobertaTokenizerFast", "XLMRobertaTokenizer",
                                 "MPNetTokenizer", "PreTrainedTokenizer", "CustomTokenizer"}) {
    refused(config, {{"tokenizer_class", type}}, {"folder/tokenizer_config.json", "is a " + type});
    refused(config, {{"tokenizer_class", type}}, {"folder/tokenizer_config.json", "is a " + type}, true);
    refused("config.json", {{"tokenizer_class", type}}, {"folder/config.json", "is a " + type});
  }
  refused("config.json", {{"model_type", "mpnet"}}, {"folder/config.json", "model_type is mpnet"});
  refused(config, {{"tokenizer_class", "PreTrainedTokenizerFast"}}, {"folder holds no tokenizer.json"});
  refused(config, {{"auto_map", {{"AutoTokenizer", {"a.B", nullptr}}}}}, {"auto_map"});
  refused(config, {{"do_basic_tokenize", false}}, {"do_basic_tokenize is false, expected true"});
  refused(config, {{"split_special_tokens", true}}, {"split_special_tokens is true"});
  refused(config, {{"padding_side", "left"}}, {"padding_side is \"left\""});
  refused(config, {{"truncation_side", "left"}}, {"truncation_side is \"left\""});
  refused(config, {{"never_split", {"[MASK]", "the"}}}, {"never_split has \"the\""});
  refused(config, {{"do_lower_case", nullptr}}, {"do_lower_case is null, expected true or false"}, true);
  refused(config, {{"image_token", "<image>"}}, {"image_token"});
  refused(config, {{"cls_token", "<s>"}}, {"has no <s>, expected"});
  refused(config, {{"pad_token", nullptr}}, {"there is no pad_token"});
  // Versions of Hugging Face's give these other ids than the files say.
  refused("added_tokens.json", {{"<E>", 9}},
          {"folder/added_tokens.json: the id of the added token \"<E>\" is 9, expected 6"});
  refused("added_tokens.json", {{"<E>", 5}}, {"is 5, expected 6, the next that is free"});
  refused("added_tokens.json", {{"<E>", 6}, {"<e>", 7}}, {"\"<E>\"", "\"<e>\"", "the same in normalised text"});
  refused("added_tokens.json", {{"the", 6}}, {"is 6, expected 5 as in vocab.txt"});
  refused("added_tokens.json", {{"<E>", "x"}}, {"is \"x\", expected a whole number"});
  refused("added_tokens.json", json::array({"<E>"}), {"folder/added_tokens.json"});
  refused(config, {{"added_tokens_decoder", {{"7", {{"content", "<E>"}}}}}}, {"is 7, expected 6"});
  refused(config, {{"added_tokens_decoder", {{"six", {{"content", "<E>"}}}}}}, {"is \"six\", expected a whole number"});
}

TEST_CASE("what a tokenizer.json does beside WordPiece is BERT's or is refused by name") {
  using part = json::json_pointer;
  auto const with = [](char const* place, json const& value) {
    auto all = complete_file();
    all[part(place)] = value;
    return all.dump();
  };
  auto const refused = [&](char const* place, json const& value, std::initializer_list<std::string> parts) {
    check_refused([&] { examples::tokenizer_from_json(with(place, value), "wrong.json"); }, parts);
  };
  refused("/post_processor", {{"type", "RobertaProcessing"}}, {"the post_processor's type is RobertaProcessing"});
  refused("/post_processor", {{"type", "BertProcessing"}, {"cls", {"[CLS]", 2}}, {"sep", {"[SEP]", 4}}},
          {"the post_processor's id of [SEP] is 4, expected 3"});
  auto const special = [](char const* text, int type) -> json {
    return {{"SpecialToken", {{"id", text}, {"type_id", type}}}};
  };
  auto const text = [](char const* name, int type) -> json {
    return {{"Sequence", {{"id", name}, {"type_id", type}}}};
  };
  json const single{special("[CLS]", 0), text("A", 0), special("[SEP]", 0)};
  json const pair{special("[CLS]", 0), text("A", 0), special("[SEP]", 0), text("B", 1), special("[SEP]", 1)};
  json const ids{{"[CLS]", {{"ids", {2}}}}, {"[SEP]", {{"ids", {3}}}}};
  auto const frame = [&](json const& one, json const& two, json const& tokens) -> json {
    return {{"type", "TemplateProcessing"}, {"single", one}, {"pair", two}, {"special_tokens", tokens}};
  };
  CHECK_NOTHROW(examples::tokenizer_from_json(with("/post_processor", frame(single, pair, ids)), "good.json"));
  char const* const template_is = "the post_processor's template is another";
  refused("/post_processor", frame(single, json::array(), ids), {template_is});
  refused("/post_processor", frame({special("[CLS]", 0), text("A", 0)}, pair, ids), {template_is});
  auto other_types = pair;
  other_types[3] = text("B", 0);
  refused("/post_processor", frame(single, other_types, ids), {template_is});
  json const wrong_ids{{"[CLS]", {{"ids", {2}}}}, {"[SEP]", {{"ids", {4}}}}};
  refused("/post_processor", frame(single, pair, wrong_ids), {"the post_processor's id of [SEP] is 4, expected 3"});
  refused("/padding", {{"direction", "Left"}}, {"padding is at the left"});
  refused("/truncation", {{"direction", "Left"}}, {"truncation is at the left"});
  refused("/model/max_input_chars_per_word", 1'000'000,
          {"max_input_chars_per_word is 1000000, expected at most 10000"});
  auto untyped = complete_file();
  untyped["model"].erase("type");
  CHECK_NOTHROW(examples::tokenizer_from_json(untyped.dump(), "old.json"));
  untyped["model"]["merges"] = json::array();
  check_refused([&] { examples::tokenizer_from_json(untyped.dump(), "wrong.json"); },
                {"the model's type is , expected"});
  auto const folder = [&](json const& all) {
    return examples::tokenizer_files({{"tokenizer.json", all.dump()}}, "folder").tokenizer();
  };
  auto other = complete_file();
  other["model"]["unk_token"] = "the";
  check_refused([&] { folder(other); }, {"model.unk_token is the, expected [UNK]"});
}

TEST_CASE("files that are no text, or end nowhere, are refused") {
  std::string const begin = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n";
  auto const vocabulary = [&](std::string const& more) {
    return examples::tokenizer_from_vocabulary(begin + more, {}, "vocab.txt").words().size();
  };
  CHECK(vocabulary("caf\u00e9\n") == 4 + 1);
  CHECK(examples::tokenizer_from_vocabulary("\xEF\xBB\xBF" + begin, {}).frame().padding == 0);
  for (std::string const wrong : {"caf\xE9", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xE2\x82"}) {
    check_refused([&] { vocabulary("good\n" + wrong + "\n"); }, {"vocab.txt, line 6: byte ", "is not UTF-8"});
    check_refused([&] { examples::tokenizer_from_json("{\n\"" + wrong + "\": 1}", "wrong.json"); },
                  {"wrong.json, line 2: byte ", "is not UTF-8"});
  }
  check_refused([&] { vocabulary("a\rb\n"); }, {"vocab.txt, line 5: a carriage return"});
  // 64 levels are read and refused for what they hold, more are not read.
  auto const nested = [](std::size_t levels) {
    return "{\"model\": " + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  check_refused([&] { examples::tokenizer_from_json(nested(64), "deep.json"); }, {"deep.json is no tokenizer.json"});
  for (std::size_t const levels : {65U, 100'000U}) {
    check_refused([&] { examples::tokenizer_from_json(nested(levels), "deep.json"); },
                  {"deep.json is not JSON: values are nested deeper, expected at most 64 levels"});
  }
}

TEST_CASE("links, pipes, devices and endless files in a model's folder are refused") {
  slimfit::test::scratch_folder const folder;
  slimfit::test::scratch_folder const elsewhere;
  auto const load = [&] { examples::load_tokenizer(folder.path); };
  auto const own = folder.path / "vocab.txt";
  std::filesystem::create_symlink(elsewhere.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n"), own);
  check_refused(load, {"vocab.txt could not be read: it is a symbolic link", "cp -rL"});
  CHECK_NOTHROW(examples::load_tokenizer(elsewhere.path));
  std::filesystem::remove(own);
  std::filesystem::create_symlink("nowhere", folder.path / "added_tokens.json");
  check_refused(load, {"added_tokens.json could not be read: it is a symbolic link"});
  std::filesystem::remove(folder.path / "added_tokens.json");
  REQUIRE(::mkfifo(own.c_str(), 0600) == 0);
  check_refused(load, {"vocab.txt could not be read: expected a regular file"});
  std::filesystem::remove(own);
  folder.write("vocab.txt", "[PAD]\n");
  std::filesystem::resize_file(own, 65 * 1024 * 1024);
  check_refused(load, {"vocab.txt could not be read: it has 68157440 bytes, expected at most 67108864"});
}

TEST_CASE("saved files go where a link was, not through it, and other tokenizers' files go") {
  slimfit::test::scratch_folder const from;
  slimfit::test::scratch_folder const to;
  slimfit::test::scratch_folder const elsewhere;
  from.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n");
  from.write("added_tokens.json", R"({"<E>": 5})");
  from.write("special_tokens_map.json", R"({"additional_special_tokens": ["<E>"]})");
  auto const outside = elsewhere.write("outside", "mine");
  std::filesystem::create_symlink(outside, to.path / "vocab.txt");
  to.write("tokenizer.json", "of another model");
  examples::copy_tokenizer_files(from.path, to.path);
  CHECK_FALSE(std::filesystem::is_symlink(to.path / "vocab.txt"));
  CHECK_FALSE(std::filesystem::exists(to.path / "tokenizer.json"));
  std::ifstream kept(outside);
  CHECK(std::string(std::istreambuf_iterator<char>(kept), {}) == "mine");
  CHECK(examples::load_tokenizer(to.path).encode("the<E>").ids == std::vector<examples::token_id>{2, 4, 5, 3});
  from.write("special_tokens_map.json", "{");
  check_refused([&] { examples::copy_tokenizer_files(from.path, to.path); }, {"special_tokens_map.json is not JSON"});
  CHECK(examples::load_tokenizer(to.path).encode("the<E>").ids == std::vector<examples::token_id>{2, 4, 5, 3});
}

TEST_CASE("a class that only the model's configuration names is saved with the tokenizer") {
  slimfit::test::scratch_folder const to;
  auto cased = complete_file();
  cased["normalizer"]["lowercase"] = false;
  cased["post_processor"] = {{"type", "BertProcessing"}, {"cls", {"[CLS]", 2}}, {"sep", {"[SEP]", 3}}};
  examples::tokenizer_files const files(
      {{"tokenizer.json", cased.dump()}, {"config.json", R"({"tokenizer_class": "PreTrainedTokenizerFast"})"}},
      "folder");
  auto const ids = files.tokenizer().encode("The the").ids;
  CHECK(ids !=
        examples::tokenizer_files({{"tokenizer.json", cased.dump()}}, "folder").tokenizer().encode("The the").ids);
  files.save(to.path);
  CHECK(examples::load_tokenizer(to.path).encode("The the").ids == ids);
}

TEST_CASE("tokens that a vocabulary lacks need no row, and those of a second text no type, where a folder says so") {
  std::string const words = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n";
  auto const load = [&](json const& config) {
    return examples::tokenizer_files({{"vocab.txt", words}, {"tokenizer_config.json", config.dump()}}, "f").tokenizer();
  };
  CHECK(load(json::object()).words().size() == 4 + 1);  // without [MASK]
  CHECK(load({{"additional_special_tokens", {"<E>"}}}).words().size() == 4 + 3);
  using ids = std::vector<examples::token_id>;
  CHECK(load(json::object()).encode_pair("the", "the").types == ids{0, 0, 0, 1, 1});
  CHECK(load({{"model_input_names", {"input_ids"}}}).encode_pair("the", "the").types == ids(5));
  CHECK(load({{"tokenizer_class", "DistilBertTokenizer"}}).encode_pair("the", "the").types == ids(5));
}

TEST_CASE("lengths that leave no room are refused") {
  auto const ours = tokenizer(true);
  CHECK_THROWS_AS(ours.encode("the", 1), slimfit::value_error);
  CHECK_THROWS_AS(ours.windows("the the the the", 4, 2), slimfit::value_error);
  CHECK_THROWS_AS(ours.pair_windows("the the the", "the the", 6, 0), slimfit::value_error);
}
