// SPDX-License-Identifier: MIT
// The tokenizer of a model's folder: tokenizer.json or vocab.txt, the settings of tokenizer_config.json, and the tokens
// that these and older files add.
#pragma once

#include <array>
#include <filesystem>
#include <map>

#include <examples/programs/text/make_tokenizer.hpp>
#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/mapped_file.hpp>

namespace examples {

/// What the files of a tokenizer hold, by their names: read once, so that what is used is also what is saved.
class tokenizer_files {
 public:
  /// All that a tokenizer may have; others are not read.
  static constexpr std::array<char const*, 5> names{"tokenizer.json", "tokenizer_config.json",
                                                    "special_tokens_map.json", "added_tokens.json", "vocab.txt"};

  /// @param texts by file name
  /// @param folder for messages
  tokenizer_files(std::map<std::string, std::string> texts, std::string folder)
      : texts_(std::move(texts)), folder_(std::move(folder)) {}
  /// @throws slimfit::file_error for what is no regular file, or too large
  explicit tokenizer_files(std::filesystem::path const& folder) : folder_(folder.string()) {
    for (std::string const name : names) { read(folder, name); }
    read(folder, "config.json");
  }

  /// @throws slimfit::file_error that names the file and what was expected of it
  [[nodiscard]] bert_tokenizer tokenizer() const {
    require_well_formed();
    auto const config = read_config();
    if (texts_.contains("tokenizer.json")) {
      auto const all = json("tokenizer.json");
      auto const name = path("tokenizer.json");
      return detail::read_json(name, "is no tokenizer.json of BERT",
                               [&] { return detail::from_json(all, name, &config); });
    }
    if (config.all_in_json) {
      throw slimfit::file_error("slimfit: " + folder_ +
                                " holds no tokenizer.json, expected it: the tokenizer is a "
                                "PreTrainedTokenizerFast");
    }
    if (!texts_.contains("vocab.txt")) {
      throw slimfit::file_error("slimfit: " + folder_ +
                                " holds neither tokenizer.json nor vocab.txt, expected one: no "
                                "other kind of tokenizer is implemented");
    }
    wordpiece_settings settings;
    settings.lower_case = config.lower_case;
    settings.strip_accents = config.strip_accents.value_or(config.lower_case);
    settings.space_ideographs = config.space_ideographs;
    auto const name = path("vocab.txt");
    return detail::from_vocabulary(detail::read_vocabulary(texts_.at("vocab.txt"), name), settings, config.tokens,
                                   config.gives_types, name);
  }

  /// Puts the files beside those of another model, each whole or not at all; other tokenizers' files there go.
  /// @throws slimfit::file_error
  void save(std::filesystem::path const& to) const {
    require_well_formed();
    auto const own = own_texts();
    for (std::string const name : names) {
      auto const target = to / name;
      auto const found = own.find(name);
      if (found == own.end()) {
        std::error_code absent;
        std::filesystem::remove(target, absent);
        continue;
      }
      try {
        slimfit::atomic_file file(target.string());
        file.write(found->second.data(), std::ssize(found->second));
        file.commit();
      } catch (slimfit::file_error const& problem) {
        throw slimfit::file_error("slimfit: " + path(name) + " could not be copied to " + to.string() + ": " +
                                  problem.what());
      }
    }
  }

 private:
  /// Also of files that others make superfluous: nothing is copied that is not what its name says.
  void require_well_formed() const {
    for (auto const& [name, text] : texts_) {
      if (name == "vocab.txt") {
        detail::read_vocabulary(text, path(name));
      } else {
        parse_json(text, path(name));
      }
    }
  }
  [[nodiscard]] std::string path(std::string const& name) const { return folder_ + "/" + name; }
  [[nodiscard]] nlohmann::json json(std::string const& name) const { return parse_json(texts_.at(name), path(name)); }
  void read(std::filesystem::path const& folder, std::string const& name) {
    std::error_code unreadable;
    auto const kind = std::filesystem::symlink_status(folder / name, unreadable).type();
    if (kind == std::filesystem::file_type::not_found) { return; }
    texts_[name] = slimfit::mapped_file((folder / name).string(), slimfit::model_text).text();
  }

  [[nodiscard]] tokenizer_config read_config() const {
    auto const own =
        texts_.contains("tokenizer_config.json") ? json("tokenizer_config.json") : nlohmann::json::object();
    auto const name = path("tokenizer_config.json");
    tokenizer_config config;
    detail::read_json(name, "holds no settings of BERT's tokenizer", [&] {
      set_class(config, own);
      detail::tokenizer_config_reader(own, name).read(config);
    });
    if (!config.lists_tokens) { read_older(config); }
    return config;
  }
  static std::string text_in(nlohmann::json const& from, char const* key) {
    return from.contains(key) && from.at(key).is_string() ? from.at(key).get<std::string>() : std::string();
  }
  /// The class that tokenizer_config.json names, or else config.json, or that its type of model has.
  void set_class(tokenizer_config& config, nlohmann::json const& own) const {
    if (auto const name = text_in(own, "tokenizer_class"); !name.empty()) {
      return detail::set_tokenizer_class(config, name, path("tokenizer_config.json"));
    }
    if (!texts_.contains("config.json")) { return; }
    auto const model = json("config.json");
    auto name = text_in(model, "tokenizer_class");
    auto const type = text_in(model, "model_type");
    if (name.empty() && !type.empty()) {
      name = detail::usual_tokenizer_class(type);
      if (name.empty()) {
        detail::refuse(path("config.json"), "model_type is " + type, "bert or another with the tokenizer of BERT");
      }
    }
    if (!name.empty()) { detail::set_tokenizer_class(config, name, path("config.json")); }
  }
  /// The files to save. The model's own configuration is not among them, so what it says of the tokenizer goes to the
  /// tokenizer's.
  [[nodiscard]] std::map<std::string, std::string> own_texts() const {
    auto own = texts_;
    own.erase("config.json");
    auto config = texts_.contains("tokenizer_config.json") ? json("tokenizer_config.json") : nlohmann::json::object();
    auto const name = texts_.contains("config.json") ? text_in(json("config.json"), "tokenizer_class") : std::string();
    if (!name.empty() && text_in(config, "tokenizer_class").empty()) {
      config["tokenizer_class"] = name;
      own["tokenizer_config.json"] = config.dump(2) + "\n";
    }
    return own;
  }
  /// Files of before added tokens were listed in tokenizer_config.json.
  void read_older(tokenizer_config& config) const {
    for (std::string const own : {"special_tokens_map.json", "added_tokens.json"}) {
      if (!texts_.contains(own)) { continue; }
      auto const all = json(own);
      detail::read_json(path(own), "holds no tokens", [&] {
        if (own == "added_tokens.json") {
          detail::read_added_ids(config.tokens, all, path(own));
        } else {
          detail::read_named_tokens(config.tokens, all, true, path(own));
        }
      });
    }
  }

  std::map<std::string, std::string> texts_;
  std::string folder_;
};

/// The tokenizer of the model in `folder`.
/// @throws slimfit::file_error that names the file and what was expected of it
inline bert_tokenizer load_tokenizer(std::filesystem::path const& folder) {
  return tokenizer_files(folder).tokenizer();
}

/// Puts the files of the tokenizer of the model in `from` beside those of another model, so that it can be loaded.
/// @throws slimfit::file_error
inline void copy_tokenizer_files(std::filesystem::path const& from, std::filesystem::path const& to) {
  tokenizer_files(from).save(to);
}

}  // namespace examples
