// SPDX-License-Identifier: MIT
// tokenizer.json of a WordPiece tokenizer: its vocabulary and what it does before and after. Parts that are not BERT's
// are refused by name. Its truncation and padding are the caller's matter.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <examples/programs/text/special_tokens.hpp>

namespace examples::detail {

/// A token that is put around texts.
struct framing_token {
  std::string text;  ///< empty: the file does not say
  token_id id = vocabulary::none;
};

struct tokenizer_json {
  vocabulary words;
  wordpiece_settings settings;
  framing_token begin;
  framing_token end;
};

class tokenizer_json_reader {
 public:
  tokenizer_json_reader(nlohmann::json const& all, std::string const& name) : all_(all), name_(name) {}

  [[nodiscard]] tokenizer_json read() const {
    auto const& model = all_.at("model");
    auto const& normalizer = all_.at("normalizer");
    require_word_piece(model);
    require_type(normalizer, "BertNormalizer", "the normalizer's type");
    require_type(all_.at("pre_tokenizer"), "BertPreTokenizer", "the pre_tokenizer's type");
    for (auto const* const part : {"padding", "truncation"}) {
      if (all_.value(part, nlohmann::json()).is_object() && all_.at(part).value("direction", "Right") != "Right") {
        refuse(name_, std::string(part) + " is at the left", "it at the right: there is no other here");
      }
    }
    tokenizer_json read;
    auto& settings = read.settings;
    settings.clean_text = normalizer.value("clean_text", true);
    settings.space_ideographs = normalizer.value("handle_chinese_chars", true);
    settings.lower_case = normalizer.value("lowercase", true);
    auto const accents = normalizer.find("strip_accents");
    settings.strip_accents =
        accents == normalizer.end() || accents->is_null() ? settings.lower_case : accents->get<bool>();
    if (model.contains("max_input_chars_per_word")) {
      settings.longest_word = longest_word(model.at("max_input_chars_per_word"));
    }
    settings.unknown = model.value("unk_token", "[UNK]");
    settings.continuation = model.value("continuing_subword_prefix", "##");
    read.words = vocabulary(tokens_by_id(model.at("vocab")), name_);
    read_frame(all_.value("post_processor", nlohmann::json()), read);
    return read;
  }

 private:
  void require_type(nlohmann::json const& part, std::string const& type, std::string const& what) const {
    auto const found = part.is_object() ? part.value("type", "") : std::string("none");
    if (found != type) { throw slimfit::file_error(slimfit::mismatch(name_ + ": " + what, found, type)); }
  }
  /// Old files do not name the model's type; only WordPiece has these members.
  void require_word_piece(nlohmann::json const& model) const {
    bool const looks_like_it = model.contains("continuing_subword_prefix") && model.contains("unk_token") &&
                               model.contains("max_input_chars_per_word") && !model.contains("merges");
    if (model.contains("type") || !looks_like_it) { require_type(model, "WordPiece", "the model's type"); }
  }

  [[nodiscard]] std::size_t longest_word(nlohmann::json const& value) const {
    constexpr std::uint64_t most = 10'000;
    auto const wrong = [&](std::string const& expected) {
      throw slimfit::file_error(slimfit::mismatch(name_ + ": max_input_chars_per_word", value.dump(), expected));
    };
    // A fraction would be rounded, a number that is too large anything.
    if (!value.is_number_unsigned()) { wrong("a whole number from 0 on"); }
    if (value.get<std::uint64_t>() > most) { wrong("at most " + std::to_string(most)); }
    return value.get<std::size_t>();
  }

  /// The texts by id, each id once; ids without a text have an empty one.
  [[nodiscard]] std::vector<std::string> tokens_by_id(nlohmann::json const& entries) const {
    if (!entries.is_object()) { refuse(name_, "model.vocab is something else", "an object of tokens and ids"); }
    std::vector<std::string> tokens;
    std::vector<bool> seen;
    for (auto const& [text, value] : entries.items()) {
      bool const fits = value.is_number_unsigned() && value.get<std::uint64_t>() < most_ids;
      auto const id = fits ? value.get<std::size_t>() : 0;
      if (fits && id >= tokens.size()) {
        tokens.resize(id + 1);
        seen.resize(id + 1);
      }
      if (!fits || seen[id]) {
        throw slimfit::file_error(slimfit::mismatch(name_ + ": the id of \"" + text + '"', value.dump(),
                                                    "0 to " + std::to_string(most_ids - 1) + ", each once"));
      }
      seen[id] = true;
      tokens[id] = text;
    }
    return tokens;
  }

  /// What the post-processor puts around texts, which must be what BERT has there.
  void read_frame(nlohmann::json const& post, tokenizer_json& read) const {
    if (post.is_null()) { return; }
    auto const type = post.value("type", "");
    if (type == "BertProcessing") {
      read.begin = framing(post.at("cls").at(0).get<std::string>(), post.at("cls").at(1));
      read.end = framing(post.at("sep").at(0).get<std::string>(), post.at("sep").at(1));
      return;
    }
    if (type != "TemplateProcessing") {
      throw slimfit::file_error(
          slimfit::mismatch(name_ + ": the post_processor's type", type, "TemplateProcessing or BertProcessing"));
    }
    auto const& single = post.at("single");
    auto const special = [&](std::size_t at) { return single.at(at).at("SpecialToken").at("id").get<std::string>(); };
    bool fits = single.size() == 3 && single.at(0).contains("SpecialToken") && single.at(2).contains("SpecialToken");
    if (fits) {
      read.begin = special_token(post, special(0));
      read.end = special_token(post, special(2));
      fits = single == pieces({{special(0), 0}, {"A", 0}, {special(2), 0}}) &&
             post.at("pair") == pieces({{special(0), 0}, {"A", 0}, {special(2), 0}, {"B", 1}, {special(2), 1}});
    }
    if (!fits) {
      refuse(name_, "the post_processor's template is another",
             "BERT's: [CLS] A [SEP] of type 0, and for pairs B [SEP] of type 1");
    }
  }
  /// The template of tokens and texts with their types.
  static nlohmann::json pieces(std::vector<std::pair<std::string, int>> const& parts) {
    auto all = nlohmann::json::array();
    for (auto const& [name, type] : parts) {
      bool const text = name == "A" || name == "B";
      all.push_back({{text ? "Sequence" : "SpecialToken", {{"id", name}, {"type_id", type}}}});
    }
    return all;
  }
  [[nodiscard]] framing_token special_token(nlohmann::json const& post, std::string const& text) const {
    auto const& ids = post.at("special_tokens").at(text).at("ids");
    if (ids.size() != 1) { refuse(name_, "the post_processor puts several tokens for " + text, "one"); }
    return framing(text, ids.at(0));
  }
  [[nodiscard]] framing_token framing(std::string const& text, nlohmann::json const& id) const {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= most_ids) {
      refuse(name_, "the post_processor's id of " + text + " is " + id.dump(), "a whole number from 0 on");
    }
    return {text, id.get<token_id>()};
  }

  static constexpr std::uint64_t most_ids = 1U << 21U;

  nlohmann::json const& all_;
  std::string const& name_;
};

}  // namespace examples::detail
