// SPDX-License-Identifier: MIT
// What `config.json` of a Hugging Face folder says about a BERT, ViT or DINOv2: sizes and the options that change what
// the model computes. Options that slimfit does not have are refused here, everything else is skipped.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <slimfit/io/json_cursor.hpp>
#include <slimfit/io/mapped_file.hpp>

namespace slimfit {

/// What a folder's tensors belong to.
enum class huggingface_type : unsigned char { bert, vit, dinov2 };

/// Values that a file does not give are the defaults of `transformers`.
struct huggingface_config {
  huggingface_type type = huggingface_type::bert;
  index_t hidden = 768;
  index_t layers = 12;
  index_t heads = 12;
  index_t mlp = 3072;
  double norm_epsilon = 1e-12;
  index_t classes = 2;
  std::vector<std::string> labels;  ///< names of the classes by their numbers; empty where the file gives none
  bool labels_agree = true;         ///< whether id2label and label2id say the same
  double hidden_dropout = 0;
  double attention_dropout = 0;
  // BERT
  index_t vocabulary = 30522;
  index_t types = 2;
  index_t positions = 512;
  index_t padding = 0;
  // ViT and DINOv2
  index_t image = 224;
  index_t patch = 16;
  index_t channels = 3;
};

namespace detail {

/// A template, so that only programs that read configurations compile it. Reads the members one by one; `finish` puts
/// them together, because their order in the file is free.
template <class = void>
class huggingface_config_reader {
 public:
  huggingface_config_reader(std::string_view text, std::string const& source) : cursor_(text, source, "config") {}

  huggingface_config read() {
    std::map<std::string, std::string> seen;
    cursor_.object([&](std::string const& key) {
      if (!seen.try_emplace(key).second) { cursor_.fail("expected " + key + " once"); }
      if (!cursor_.accept_null()) { member(key); }
    });
    cursor_.expect_end();
    return finish();
  }

 private:
  void member(std::string const& key) {
    for (auto const& each : sizes_) {
      if (key == each.name) { return static_cast<void>(*each.value = size(key)); }
    }
    if (key == "model_type") {
      model_type_ = cursor_.string();
    } else if (key == "layer_norm_eps") {
      epsilon_ = between(key, 0, 1);
    } else if (key == "hidden_dropout_prob") {
      config_.hidden_dropout = between(key, 0, 1);
    } else if (key == "attention_probs_dropout_prob") {
      config_.attention_dropout = between(key, 0, 1);
    } else if (key == "mlp_ratio") {
      mlp_ratio_ = between(key, 0, 1024);
    } else if (key == "pad_token_id") {
      config_.padding = cursor_.integer();
    } else if (key == "id2label") {
      cursor_.object([&](std::string const& number) { labels_[number] = label_part(); });
    } else if (key == "label2id") {
      cursor_.object([&](std::string const& name) { numbers_[label_part()] = name; });
    } else if (key == "hidden_act") {
      expect_text(key, "gelu");
    } else if (key == "position_embedding_type") {
      expect_text(key, "absolute");
    } else if (key == "qkv_bias" || key == "apply_layernorm") {
      if (!cursor_.boolean()) { cursor_.fail(key + " is false, expected true: slimfit has no other"); }
    } else if (key == "use_swiglu_ffn" || key == "is_decoder" || key == "add_cross_attention") {
      if (cursor_.boolean()) { cursor_.fail(key + " is true, expected false: slimfit has no other"); }
    } else {
      cursor_.skip();
    }
  }

  /// A size, or two equal ones in brackets.
  index_t size(std::string const& key) {
    index_t value = 0;
    if (cursor_.peek() == '[') {
      int count = 0;
      cursor_.array([&] {
        auto const next = cursor_.integer();
        if (count++ > 0 && next != value) { cursor_.fail(key + " has two values, expected a square"); }
        value = next;
      });
    } else {
      value = cursor_.integer();
    }
    if (value < 1 || value > 1'000'000'000) {
      cursor_.fail(key + " is " + std::to_string(value) + ", expected 1 to 1000000000");
    }
    return value;
  }
  double between(std::string const& key, double lowest, double highest) {
    double const value = cursor_.number();
    if (!(value >= lowest && value <= highest)) {
      cursor_.fail(key + " is " + std::to_string(value) + ", expected a number between " + std::to_string(lowest) +
                   " and " + std::to_string(highest));
    }
    return value;
  }
  void expect_text(std::string const& key, char const* expected) {
    auto const value = cursor_.string();
    if (value != expected) {
      cursor_.fail(key + " is \"" + value + "\", expected \"" + expected + "\": slimfit has no other");
    }
  }

  /// A class's name or number; empty for anything else.
  std::string label_part() {
    auto const first = cursor_.peek();
    if (first == '"') { return cursor_.string(); }
    if (first < '0' || first > '9') {
      cursor_.skip();
      return {};
    }
    double const number = cursor_.number();
    return number < 1e9 && number == std::floor(number) ? std::to_string(static_cast<index_t>(number)) : std::string();
  }
  /// The names in the order of their numbers; empty where those are not 0, 1, ...
  static std::vector<std::string> ordered(std::map<std::string, std::string> const& names) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto const name = names.find(std::to_string(i));
      if (name == names.end() || name->second.empty()) { return {}; }
      all.push_back(name->second);
    }
    return all;
  }
  void set_labels() {
    config_.classes = labels_.empty() ? num_labels_ : static_cast<index_t>(labels_.size());
    auto const by_number = ordered(labels_);
    auto const by_name = ordered(numbers_);
    config_.labels = labels_.empty() ? by_name : by_number;
    bool const fits = static_cast<index_t>(config_.labels.size()) == config_.classes;
    config_.labels_agree = by_number.empty() || numbers_.empty() || by_number == by_name;
    if (!fits) { config_.labels.clear(); }
  }

  huggingface_config finish() {
    if (model_type_ == "vit") {
      config_.type = huggingface_type::vit;
    } else if (model_type_ == "dinov2") {
      config_.type = huggingface_type::dinov2;
    } else if (model_type_ != "bert") {
      cursor_.fail("model_type is \"" + model_type_ + "\", expected bert, vit or dinov2");
    }
    bool const is_dinov2 = config_.type == huggingface_type::dinov2;
    if (is_dinov2) { config_.mlp = static_cast<index_t>(static_cast<double>(config_.hidden) * mlp_ratio_); }
    config_.norm_epsilon = epsilon_ >= 0 ? epsilon_ : is_dinov2 ? 1e-6 : 1e-12;
    set_labels();
    return config_;
  }

  struct named_size {
    char const* name;
    index_t* value;
  };

  json_cursor cursor_;
  huggingface_config config_;
  std::string model_type_;
  double epsilon_ = -1;
  double mlp_ratio_ = 4;
  std::map<std::string, std::string> labels_;   ///< names by number, as id2label has them
  std::map<std::string, std::string> numbers_;  ///< the same, as label2id has them
  index_t num_labels_ = 2;
  named_size sizes_[12] = {{"hidden_size", &config_.hidden},
                           {"num_hidden_layers", &config_.layers},
                           {"num_attention_heads", &config_.heads},
                           {"intermediate_size", &config_.mlp},
                           {"vocab_size", &config_.vocabulary},
                           {"type_vocab_size", &config_.types},
                           {"max_position_embeddings", &config_.positions},
                           {"image_size", &config_.image},
                           {"patch_size", &config_.patch},
                           {"num_channels", &config_.channels},
                           {"num_labels", &num_labels_},
                           {"_num_labels", &num_labels_}};
};

}  // namespace detail

/// @param source named in errors
/// @throws file_error for anything that is no config.json of a model that slimfit can compute
template <class = void>
huggingface_config parse_huggingface_config(std::string_view text, std::string const& source) {
  return detail::huggingface_config_reader<>(text, source).read();
}

/// Reads `config.json` of a folder.
/// @throws file_error
template <class = void>
huggingface_config read_huggingface_config(std::string const& folder) {
  auto const path = folder + "/config.json";
  mapped_file const file(path, model_text);
  return parse_huggingface_config(file.text(), path);
}

}  // namespace slimfit
