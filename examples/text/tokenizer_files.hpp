// SPDX-License-Identifier: MIT
// A tokenizer from a model's folder: tokenizer.json where there is one (its truncation and padding are not used), else
// vocab.txt with the settings of tokenizer_config.json.
#pragma once

#include <filesystem>

#include <examples/text/encoding.hpp>
#include <nlohmann/json.hpp>
#include <slimfit/io/mapped_file.hpp>

namespace examples {
namespace detail {

inline std::string read_text_file(std::filesystem::path const& path) {
  slimfit::mapped_file const file(path.string());
  auto const bytes = file.bytes();
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

[[noreturn]] inline void refuse(std::string const& name, std::string const& what, std::string const& expected) {
  throw slimfit::file_error(slimfit::mismatch(name + ": " + what, std::string("something else"), expected));
}

inline nlohmann::json parse_json(std::string const& text, std::string const& name) {
  try {
    return nlohmann::json::parse(text);
  } catch (nlohmann::json::exception const& problem) {
    throw slimfit::file_error("slimfit: " + name + " is not JSON: " + problem.what());
  }
}

inline void require_type(nlohmann::json const& part, char const* type, std::string const& name) {
  auto const found = part.is_object() ? part.value("type", "") : std::string("none");
  if (found != type) { throw slimfit::file_error(slimfit::mismatch(name, found, type)); }
}

/// The texts by id; ids must be 0 to count - 1, each once.
inline std::vector<std::string> tokens_by_id(nlohmann::json const& entries, std::string const& name) {
  if (!entries.is_object()) { refuse(name, "model.vocab", "an object of tokens and ids"); }
  std::vector<std::string> tokens(entries.size());
  std::vector<bool> seen(entries.size());
  for (auto const& [text, value] : entries.items()) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= tokens.size() || seen[value.get<std::size_t>()]) {
      throw slimfit::file_error(slimfit::mismatch(name + ": the id of \"" + text + '"', value.dump(),
                                                  "0 to " + std::to_string(tokens.size() - 1) + ", each once"));
    }
    seen[value.get<std::size_t>()] = true;
    tokens[value.get<std::size_t>()] = text;
  }
  return tokens;
}

/// Those that the vocabulary lacks have the ids after its own, in their order.
inline std::vector<added_token> read_added_tokens(nlohmann::json const& list, vocabulary& words,
                                                  std::string const& name) {
  std::vector<added_token> added;
  for (auto const& entry : list) {
    auto const text = entry.at("content").get<std::string>();
    auto const known = words.find(text);
    auto const expected = known == vocabulary::none ? words.size() : known;
    if (text.empty() || entry.at("id") != expected) {
      throw slimfit::file_error(slimfit::mismatch(
          name + ": the id of the added token \"" + text + '"', entry.at("id").dump(),
          std::to_string(expected) + (known == vocabulary::none ? ", the next that is free" : " as in model.vocab")));
    }
    if (known == vocabulary::none) { words.add_apart(text); }
    added.push_back({text, expected, entry.value("single_word", false), entry.value("lstrip", false),
                     entry.value("rstrip", false), entry.value("normalized", false)});
  }
  return added;
}

inline bert_tokenizer from_json(nlohmann::json const& all, std::string const& name) {
  auto const& model = all.at("model");
  if (model.contains("type")) { require_type(model, "WordPiece", name + ": the model's type"); }
  auto const& normalizer = all.at("normalizer");
  require_type(normalizer, "BertNormalizer", name + ": the normalizer's type");
  require_type(all.at("pre_tokenizer"), "BertPreTokenizer", name + ": the pre_tokenizer's type");
  wordpiece_settings settings;
  settings.clean_text = normalizer.value("clean_text", true);
  settings.space_ideographs = normalizer.value("handle_chinese_chars", true);
  settings.lower_case = normalizer.value("lowercase", true);
  auto const accents = normalizer.find("strip_accents");
  settings.strip_accents =
      accents == normalizer.end() || accents->is_null() ? settings.lower_case : accents->get<bool>();
  if (auto const longest = model.find("max_input_chars_per_word"); longest != model.end()) {
    if (!longest->is_number_unsigned()) {  // a fraction would be rounded, a number that is too large anything
      throw slimfit::file_error(
          slimfit::mismatch(name + ": max_input_chars_per_word", longest->dump(), "a whole number from 0 on"));
    }
    settings.longest_word = longest->get<std::size_t>();
  }
  settings.unknown = model.value("unk_token", "[UNK]");
  settings.continuation = model.value("continuing_subword_prefix", "##");
  vocabulary words(tokens_by_id(model.at("vocab"), name), name);
  auto added = read_added_tokens(all.value("added_tokens", nlohmann::json::array()), words, name);
  return bert_tokenizer(wordpiece(std::move(words), std::move(settings), std::move(added)));
}

}  // namespace detail

/// @param text what a tokenizer.json holds
/// @param name the file's, for messages
inline bert_tokenizer tokenizer_from_json(std::string const& text, std::string const& name) {
  auto const all = detail::parse_json(text, name);
  try {
    return detail::from_json(all, name);
  } catch (nlohmann::json::exception const& problem) {
    throw slimfit::file_error("slimfit: " + name + " is no tokenizer.json of BERT: " + problem.what());
  }
}

/// @param lines what a vocab.txt holds: one token a line, the id is the number of the line from 0
/// @param name the file's, for messages
inline bert_tokenizer tokenizer_from_vocabulary(std::string_view lines, wordpiece_settings settings,
                                                std::string const& name = "vocab.txt") {
  std::vector<std::string> tokens;
  while (!lines.empty()) {
    auto const length = lines.find('\n');
    auto line = lines.substr(0, length);
    lines.remove_prefix(length == std::string_view::npos ? lines.size() : length + 1);
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    tokens.emplace_back(line);
  }
  vocabulary words(std::move(tokens), name);
  std::vector<added_token> added;
  for (auto const* const special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    if (auto const id = words.find(special); id != vocabulary::none) { added.push_back({special, id}); }
  }
  return bert_tokenizer(wordpiece(std::move(words), std::move(settings), std::move(added)));
}

/// The settings of a tokenizer_config.json.
inline wordpiece_settings settings_from_config(std::string const& text, std::string const& name) {
  auto const config = detail::parse_json(text, name);
  wordpiece_settings settings;
  try {
    settings.lower_case = config.value("do_lower_case", true);
    settings.space_ideographs = config.value("tokenize_chinese_chars", true);
    auto const accents = config.find("strip_accents");
    settings.strip_accents = accents == config.end() || accents->is_null() ? settings.lower_case : accents->get<bool>();
  } catch (nlohmann::json::exception const& problem) {
    throw slimfit::file_error("slimfit: " + name + " holds no settings of BERT's tokenizer: " + problem.what());
  }
  return settings;
}

/// The tokenizer of the model in `folder`.
/// @throws file_error that names the file and what was expected of it
inline bert_tokenizer load_tokenizer(std::filesystem::path const& folder) {
  auto const complete = folder / "tokenizer.json";
  if (std::filesystem::exists(complete)) {
    return tokenizer_from_json(detail::read_text_file(complete), complete.string());
  }
  auto const list = folder / "vocab.txt";
  if (!std::filesystem::exists(list)) {
    throw slimfit::file_error("slimfit: " + folder.string() + " holds neither tokenizer.json nor vocab.txt");
  }
  auto const config = folder / "tokenizer_config.json";
  auto const settings = std::filesystem::exists(config)
                            ? settings_from_config(detail::read_text_file(config), config.string())
                            : wordpiece_settings{};
  return tokenizer_from_vocabulary(detail::read_text_file(list), settings, list.string());
}

/// Puts the files of the tokenizer of the model in `from` beside those of another model, so that it can be loaded.
/// @throws file_error
inline void copy_tokenizer_files(std::filesystem::path const& from, std::filesystem::path const& to) {
  for (auto const* const name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"}) {
    std::error_code problem;
    if (!std::filesystem::exists(from / name) || std::filesystem::equivalent(from / name, to / name, problem)) {
      continue;
    }
    std::filesystem::copy_file(from / name, to / name, std::filesystem::copy_options::overwrite_existing, problem);
    if (problem) {
      throw slimfit::file_error("slimfit: " + (from / name).string() + " could not be copied to " + to.string() + ": " +
                                problem.message());
    }
  }
}

}  // namespace examples
