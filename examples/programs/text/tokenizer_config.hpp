// SPDX-License-Identifier: MIT
// tokenizer_config.json, which wins over what tokenizer.json says, as it does in Hugging Face's. Tokenizers and options
// that are not implemented here are refused by name: read as BERT's they would give other tokens.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include <examples/programs/text/special_tokens.hpp>

namespace examples {

/// What a folder wants of its tokenizer; what it does not say is as in Hugging Face's BertTokenizer.
struct tokenizer_config {
  bool lower_case = true;
  std::optional<bool> strip_accents{};  ///< as lower_case where it is not there
  bool space_ideographs = true;
  /// Whether tokenizer.json alone says how texts become tokens (PreTrainedTokenizerFast).
  bool all_in_json = false;
  bool gives_types = true;  ///< whether tokens of a second text have type 1
  special_tokens tokens = usual_special_tokens();
  bool lists_tokens = false;  ///< whether added tokens are listed here, so that older files do not count
};

namespace detail {

class tokenizer_config_reader {
 public:
  tokenizer_config_reader(nlohmann::json const& from, std::string const& name) : from_(from), name_(name) {}

  /// Reads settings and tokens beside the class, which `config` has already.
  void read(tokenizer_config& config) const {
    refuse_others();
    config.lower_case = boolean("do_lower_case", true);
    config.space_ideographs = boolean("tokenize_chinese_chars", true);
    if (has("strip_accents")) { config.strip_accents = boolean("strip_accents", false); }
    if (has("model_input_names")) {
      auto const& names = from_.at("model_input_names");
      config.gives_types = std::find(names.begin(), names.end(), "token_type_ids") != names.end();
    }
    if (config.all_in_json) { config.tokens = {}; }  // that class names none itself
    read_named_tokens(config.tokens, from_, false, name_);
    config.lists_tokens = from_.contains("added_tokens_decoder");
    if (config.lists_tokens) { read_decoder(config.tokens, from_.at("added_tokens_decoder"), name_); }
  }

 private:
  [[nodiscard]] bool has(char const* key) const { return from_.contains(key) && !from_.at(key).is_null(); }
  [[nodiscard]] bool boolean(char const* key, bool otherwise) const {
    if (!from_.contains(key)) { return otherwise; }
    if (!from_.at(key).is_boolean()) {
      refuse(name_, std::string(key) + " is " + from_.at(key).dump(), "true or false");
    }
    return from_.at(key).get<bool>();
  }
  void expect(char const* key, nlohmann::json const& only) const {
    if (has(key) && from_.at(key) != only) {
      refuse(name_, std::string(key) + " is " + from_.at(key).dump(), only.dump() + ": there is no other here");
    }
  }

  void refuse_others() const {
    if (!from_.is_object()) { refuse(name_, "it holds something else", "an object of settings"); }
    if (has("auto_map") && !(from_.at("auto_map").is_object() && !from_.at("auto_map").contains("AutoTokenizer"))) {
      refuse(name_, "auto_map names a tokenizer that comes as a program of its own", "BertTokenizer");
    }
    expect("do_basic_tokenize", true);
    expect("split_special_tokens", false);
    expect("clean_text", true);
    expect("wordpieces_prefix", "##");
    expect("padding_side", "right");
    expect("truncation_side", "right");
    if (has("never_split")) { refuse_unsplit(); }
    for (auto const& [key, value] : from_.items()) {
      bool const known = std::find(token_purposes.begin(), token_purposes.end(), key) != token_purposes.end();
      if (key.ends_with("_token") && !known && (value.is_string() || value.is_object())) {
        refuse(name_, key + " is a token of a purpose that BERT has not", "it among additional_special_tokens");
      }
    }
  }
  /// Special tokens are never split anyway.
  void refuse_unsplit() const {
    auto tokens = usual_special_tokens();
    read_named_tokens(tokens, from_, false, name_);
    for (auto const& each : from_.at("never_split")) {
      bool const special = std::any_of(tokens.named.begin(), tokens.named.end(),
                                       [&](auto const& one) { return one.second.text == each; });
      if (!special) { refuse(name_, "never_split has " + each.dump(), "special tokens only"); }
    }
  }

  nlohmann::json const& from_;
  std::string const& name_;
};

/// What a class of Hugging Face's means here. @throws slimfit::file_error for one that is not implemented
/// @param place that names it, for messages
inline void set_tokenizer_class(tokenizer_config& config, std::string name, std::string const& place) {
  auto const full = name;
  if (name.ends_with("Fast")) { name.resize(name.size() - 4); }
  config.all_in_json = full == "PreTrainedTokenizerFast" || full == "TokenizersBackend";
  bool const same = name == "BertTokenizer" || name == "ElectraTokenizer" || name == "ConvBertTokenizer" ||
                    name == "MobileBertTokenizer" || name == "SqueezeBertTokenizer";
  bool const without_types = name == "DistilBertTokenizer";
  if (!same && !without_types && !config.all_in_json) {
    refuse(place, "the tokenizer is a " + full, "BertTokenizer or one that does the same: no other is implemented");
  }
  config.gives_types = !without_types;
}

/// The class of the tokenizer of a type of model, where no file names it; empty where it is none of those here.
inline std::string usual_tokenizer_class(std::string const& model_type) {
  for (auto const& [type, name] :
       {std::pair{"bert", "BertTokenizer"}, std::pair{"distilbert", "DistilBertTokenizer"},
        std::pair{"electra", "ElectraTokenizer"}, std::pair{"mobilebert", "MobileBertTokenizer"},
        std::pair{"convbert", "ConvBertTokenizer"}, std::pair{"squeezebert", "SqueezeBertTokenizer"}}) {
    if (model_type == type) { return name; }
  }
  return {};
}

}  // namespace detail

}  // namespace examples
