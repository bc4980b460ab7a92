// SPDX-License-Identifier: MIT
// Shapes as the C++ that one writes, from the configuration of a Hugging Face folder: what an error prints when a
// folder is not what a model was compiled for.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <slimfit/huggingface/config.hpp>
#include <slimfit/models/bert_network.hpp>
#include <slimfit/models/vit_network.hpp>

namespace slimfit::detail {

/// The shortest text with up to 17 digits that reads back as `value`.
inline std::string number_text(double value) {
  char text[32];
  auto const end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

/// A size that folder and model must have in common.
struct compared_size {
  char const* key;     ///< in config.json
  char const* member;  ///< of the shape
  index_t wanted;      ///< by the folder
  index_t compiled;
};

inline std::vector<compared_size> compared_sizes(vit_shape const& shape, huggingface_config const& config) {
  return {{"patch_size", "patch", config.patch, shape.patch},
          {"num_channels", "channels", config.channels, shape.channels},
          {"hidden_size", "hidden", config.hidden, shape.hidden},
          {"num_attention_heads", "heads", config.heads, shape.heads},
          {config.type == huggingface_type::dinov2 ? "hidden_size * mlp_ratio" : "intermediate_size", "mlp", config.mlp,
           shape.mlp},
          {"num_hidden_layers", "layers", config.layers, shape.layers}};
}
inline std::vector<compared_size> compared_sizes(bert_shape const& shape, huggingface_config const& config) {
  return {{"vocab_size", "vocabulary", config.vocabulary, shape.vocabulary},
          {"max_position_embeddings", "positions", config.positions, shape.positions},
          {"type_vocab_size", "types", config.types, shape.types},
          {"hidden_size", "hidden", config.hidden, shape.hidden},
          {"num_attention_heads", "heads", config.heads, shape.heads},
          {"intermediate_size", "mlp", config.mlp, shape.mlp},
          {"num_hidden_layers", "layers", config.layers, shape.layers}};
}

inline std::string own_members(vit_shape const& /*shape*/, huggingface_config const& config) {
  // Pixels beyond the last whole patch are in no token.
  return "slimfit::vit_shape{.image = " + std::to_string(config.image / config.patch * config.patch) + ", ";
}
inline std::string own_members(bert_shape const& /*shape*/, huggingface_config const& /*config*/) {
  return "slimfit::bert_shape{";
}
inline std::string last_members(vit_shape const& /*shape*/, huggingface_config const& config) {
  return config.type == huggingface_type::dinov2 ? ", .layer_scale = true" : "";
}
inline std::string last_members(bert_shape const& shape, huggingface_config const& config) {
  auto const percent = [](double rate) { return std::to_string(std::min<long>(std::lround(100 * rate), 99)); };
  std::string const heads[] = {"classification", "regression", "span"};
  auto const tokens = std::min<index_t>(shape.tokens, config.positions);
  return ", .tokens = " + std::to_string(tokens) + ", .padding = " + std::to_string(config.padding) +
         ", .head = slimfit::bert_head::" + heads[static_cast<std::size_t>(shape.head)] +
         ", .hidden_dropout = " + percent(config.hidden_dropout) +
         ", .attention_dropout = " + percent(config.attention_dropout);
}

/// @throws file_error for a configuration that no shape can have
inline void require_shape_to_write(huggingface_config const& config, std::string const& source) {
  auto const require = [&source](bool good, char const* key, index_t value, std::string const& expected) {
    if (!good) { raise_mismatch<file_error>(joined({source, ": ", key}), value, {expected}); }
  };
  require(config.hidden % config.heads == 0, "hidden_size", config.hidden,
          "a multiple of num_attention_heads, which is " + std::to_string(config.heads));
  if (config.type == huggingface_type::bert) {
    require(config.padding < config.vocabulary && config.padding > std::numeric_limits<int>::min(), "pad_token_id",
            config.padding, "less than vocab_size, which is " + std::to_string(config.vocabulary));
  } else {
    require(config.patch <= config.image, "patch_size", config.patch,
            "at most image_size, which is " + std::to_string(config.image));
    require(config.mlp >= 1, "hidden_size * mlp_ratio", config.mlp, "at least 1");
  }
}

/// e.g. "slimfit::vit_shape{.image = 224, .patch = 14, ...}", complete.
/// @param classes the folder's, or where it has no head the model's
template <class Shape>
std::string shape_text(Shape const& shape, huggingface_config const& config, index_t classes) {
  auto text = own_members(shape, config);
  for (auto const& each : compared_sizes(shape, config)) {
    text += "." + std::string(each.member) + " = " + std::to_string(each.wanted) + ", ";
  }
  return text + ".classes = " + std::to_string(classes) + last_members(shape, config) +
         ", .norm_epsilon = " + number_text(config.norm_epsilon) + "}";
}

}  // namespace slimfit::detail
