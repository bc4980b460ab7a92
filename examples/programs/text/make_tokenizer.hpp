// SPDX-License-Identifier: MIT
// A tokenizer from what its files hold: from a tokenizer.json, which a tokenizer_config.json may change, or from a
// vocab.txt.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <examples/programs/support/json_text.hpp>
#include <examples/programs/text/added_vocabulary.hpp>
#include <examples/programs/text/encoding.hpp>
#include <examples/programs/text/tokenizer_config.hpp>
#include <examples/programs/text/tokenizer_json.hpp>

namespace examples {
namespace detail {

/// Calls `read`; a part of a file that has another type becomes an error with the file's name.
template <class Read>
auto read_json(std::string const& name, std::string const& what, Read const& read) {
  try {
    return read();
  } catch (nlohmann::json::exception const& problem) {
    throw slimfit::file_error("slimfit: " + name + " " + what + ": " + problem.what());
  }
}

inline bert_tokenizer make_tokenizer(added_vocabulary const& all, wordpiece_settings settings,
                                     framing_token const& begin, framing_token const& end, std::string const& padding,
                                     bool gives_types, std::string const& name) {
  auto const id_of = [&](framing_token const& one) {
    auto const id = all.find(one.text);
    if (id == vocabulary::none) { return all.words().require(one.text); }
    if (one.id != vocabulary::none && one.id != id) {
      refuse(name, "the post_processor's id of " + one.text + " is " + std::to_string(one.id),
             std::to_string(id) + " as in the vocabulary");
    }
    return id;
  };
  frame_ids const ids{id_of(begin), id_of(end), all.find(padding), gives_types};
  return bert_tokenizer(wordpiece(all.words(), std::move(settings), all.added()), ids);
}

/// @param config null: tokenizer.json stands alone
inline bert_tokenizer from_json(nlohmann::json const& all, std::string const& name, tokenizer_config const* config) {
  auto read = tokenizer_json_reader(all, name).read();
  bool const alone = config == nullptr || config->all_in_json;
  auto tokens = config == nullptr ? special_tokens{} : config->tokens;
  special_tokens in_json;
  read_added_list(in_json, all.value("added_tokens", nlohmann::json::array()), name);
  for (auto const& [one, file] : tokens.listed) { list_token(in_json, one, std::uint64_t(one.id), file); }
  tokens.listed = in_json.listed;
  framing_token begin = read.begin;
  framing_token end = read.end;
  if (!alone) {
    read.settings.lower_case = config->lower_case;
    read.settings.strip_accents = config->strip_accents.value_or(config->lower_case);
    read.settings.space_ideographs = config->space_ideographs;
    begin.text = tokens.text_of("cls_token", name);
    end.text = tokens.text_of("sep_token", name);
    if (auto const unknown = tokens.text_of("unk_token", name); unknown != read.settings.unknown) {
      refuse(name, "model.unk_token is " + read.settings.unknown,
             unknown + " as in tokenizer_config.json or special_tokens_map.json");
    }
  } else if (config != nullptr && begin.text.empty()) {
    refuse(name, "the post_processor is null, which puts no [CLS] and [SEP] around texts", "BERT's");
  }
  if (begin.text.empty()) { begin.text = "[CLS]"; }
  if (end.text.empty()) { end.text = "[SEP]"; }
  added_vocabulary words(std::move(read.words), name, "model.vocab");
  words.add(tokens);
  auto const padding = tokens.named.contains("pad_token") ? tokens.text_of("pad_token", name) : "[PAD]";
  return make_tokenizer(words, std::move(read.settings), begin, end, padding, config == nullptr || config->gives_types,
                        name);
}

/// The tokens of a vocab.txt.
inline vocabulary read_vocabulary(std::string_view lines, std::string const& name) {
  slimfit::require_utf8(lines, name);
  if (lines.starts_with("\xEF\xBB\xBF")) { lines.remove_prefix(3); }
  std::vector<std::string> tokens;
  while (!lines.empty()) {
    auto const length = lines.find('\n');
    auto line = lines.substr(0, length);
    lines.remove_prefix(length == std::string_view::npos ? lines.size() : length + 1);
    if (line.ends_with('\r')) { line.remove_suffix(1); }
    if (line.find('\r') != std::string_view::npos) {
      refuse(name + ", line " + std::to_string(tokens.size() + 1), "a carriage return lies within it",
             "one token a line");
    }
    tokens.emplace_back(line);
  }
  return vocabulary(std::move(tokens), name);
}

inline bert_tokenizer from_vocabulary(vocabulary words, wordpiece_settings settings, special_tokens const& tokens,
                                      bool gives_types, std::string const& name) {
  auto const text_of = [&](char const* purpose) { return tokens.text_of(purpose, name); };
  settings.unknown = text_of("unk_token");
  added_vocabulary all(std::move(words), name, "vocab.txt");
  all.add(tokens);
  return make_tokenizer(all, std::move(settings), {text_of("cls_token")}, {text_of("sep_token")}, text_of("pad_token"),
                        gives_types, name);
}

}  // namespace detail

/// @param text what a tokenizer.json holds, which stands alone
/// @param name the file's, for messages
/// @throws slimfit::file_error
inline bert_tokenizer tokenizer_from_json(std::string const& text, std::string const& name) {
  auto const all = parse_json(text, name);
  return detail::read_json(name, "is no tokenizer.json of BERT", [&] { return detail::from_json(all, name, nullptr); });
}

/// @param lines what a vocab.txt holds: one token a line, the id is the number of the line from 0
/// @param name the file's, for messages
/// @throws slimfit::file_error
inline bert_tokenizer tokenizer_from_vocabulary(std::string_view lines, wordpiece_settings settings,
                                                std::string const& name = "vocab.txt") {
  return detail::from_vocabulary(detail::read_vocabulary(lines, name), std::move(settings), usual_special_tokens(),
                                 true, name);
}

}  // namespace examples
