// SPDX-License-Identifier: MIT
// Writes a model as a folder that Hugging Face's `transformers` opens: config.json and model.safetensors.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include <slimfit/huggingface/names.hpp>
#include <slimfit/huggingface/shape_text.hpp>
#include <slimfit/io/json_string.hpp>
#include <slimfit/io/safetensors.hpp>
#include <slimfit/train/checkpoint.hpp>

namespace slimfit {

struct huggingface_save_options {
  dtype type = dtype::f32;  ///< of the tensors: F32, F16 or BF16
  /// Most bytes of tensors in one file; more are spread over several and an index.
  index_t largest_file = INT64_MAX;
  /// Names of the classes; LABEL_0, LABEL_1, ... when empty.
  std::vector<std::string> labels{};
};

namespace detail {

/// Members of a JSON object, one a line.
class json_lines {
 public:
  void add(std::string const& key, std::string const& value) {
    text_ += (text_.empty() ? "  " : ",\n  ") + json_string(key) + ": " + value;
  }
  void add_text(std::string const& key, std::string const& value) { add(key, json_string(value)); }
  void add(std::string const& key, double value) { add(key, number_text(value)); }
  void add(std::string const& key, int value) { add(key, std::to_string(value)); }
  [[nodiscard]] std::string text() const { return "{\n" + text_ + "\n}\n"; }

 private:
  std::string text_;
};

inline void add_members(json_lines& lines, vit_shape const& shape) {
  if (shape.layer_scale) {
    lines.add("architectures", "[\"Dinov2ForImageClassification\"]");
    lines.add_text("model_type", "dinov2");
    lines.add("use_mask_token", "false");
    lines.add("mlp_ratio", static_cast<double>(shape.mlp) / shape.hidden);
  } else {
    lines.add("architectures", "[\"ViTForImageClassification\"]");
    lines.add_text("model_type", "vit");
  }
  lines.add("image_size", shape.image);
  lines.add("patch_size", shape.patch);
  lines.add("num_channels", shape.channels);
  lines.add("qkv_bias", "true");
}
inline void add_members(json_lines& lines, bert_shape const& shape) {
  bool const finds_spans = shape.head == bert_head::span;
  if (!finds_spans) {
    bool const is_regression = shape.head == bert_head::regression;
    lines.add_text("problem_type", is_regression ? "regression" : "single_label_classification");
  }
  if (shape.padding >= 0) { lines.add("pad_token_id", shape.padding); }

  lines.add("architectures", finds_spans ? "[\"BertForQuestionAnswering\"]" : "[\"BertForSequenceClassification\"]");
  lines.add_text("model_type", "bert");
  lines.add("vocab_size", shape.vocabulary);
  lines.add("max_position_embeddings", shape.positions);
  lines.add("type_vocab_size", shape.types);
}

template <class Model>
std::string huggingface_config_text(Model const& net, huggingface_save_options const& options) {
  constexpr auto shape = Model::network_type::shape;
  auto const& parameters = net.parameters();
  index_t const outputs = parameters.back().value.count();  // of the head's last linear: its bias comes last
  json_lines lines;
  add_members(lines, shape);
  lines.add("hidden_size", shape.hidden);
  lines.add("num_hidden_layers", shape.layers);
  lines.add("num_attention_heads", shape.heads);
  lines.add("intermediate_size", shape.mlp);
  lines.add_text("hidden_act", "gelu");
  lines.add("layer_norm_eps", shape.norm_epsilon);
  constexpr bool drops = requires { shape.hidden_dropout; };
  if constexpr (drops) {
    lines.add("hidden_dropout_prob", static_cast<double>(shape.hidden_dropout) / 100);
    lines.add("attention_probs_dropout_prob", static_cast<double>(shape.attention_dropout) / 100);
  } else {
    lines.add("hidden_dropout_prob", 0.0);
    lines.add("attention_probs_dropout_prob", 0.0);
  }
  auto labels = options.labels;
  if (labels.empty()) {
    for (index_t i = 0; i < outputs; ++i) { labels.push_back("LABEL_" + std::to_string(i)); }
  }
  if (static_cast<index_t>(labels.size()) != outputs) {
    raise_mismatch<value_error>("labels: count", static_cast<index_t>(labels.size()), {outputs});
  }
  std::string names;
  std::string numbers;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto const label = json_string(labels[i]);
    auto const comma = i == 0 ? "" : ", ";
    names += comma + ("\"" + std::to_string(i)) + "\": " + label;
    numbers += comma + label + ": " + std::to_string(i);
  }
  lines.add("id2label", "{" + names + "}");
  lines.add("label2id", "{" + numbers + "}");
  lines.add_text("dtype", options.type == dtype::f16    ? "float16"
                          : options.type == dtype::bf16 ? "bfloat16"
                                                        : "float32");
  return lines.text();
}

}  // namespace detail

namespace detail {
/// Under the names that files of DINOv2 have, where the model has LayerScale. DINOv2's classifier reads the mean of the
/// patches beside the class token: its weight there is zero.
template <class Model>
void add_huggingface_parameters(safetensors_writer& writer, Model const& net, dtype type,
                                staged_tensors<typename Model::value_type>& staged) {
  if constexpr (requires { requires Model::network_type::shape.layer_scale; }) {
    for (auto const& [name, each] : net.parameters()) {
      auto extents = extents_of(each);
      auto& values = staged.emplace_back(static_cast<std::size_t>(each.count()));
      net.device().copy(each.data, values.data(), each.count());
      require_finite<value_error>("tensor " + name, values);
      if (name == "classifier.weight") {
        auto const width = static_cast<std::ptrdiff_t>(extents[1]);
        for (auto row = static_cast<std::ptrdiff_t>(extents[0]); row > 0; --row) {
          values.insert(values.begin() + row * width, static_cast<std::size_t>(width), {});
        }
        extents[1] *= 2;
      }
      writer.add(dinov2_name(name), type, extents, values.data());
    }
  } else {
    add_parameters(writer, net, type, staged);
  }
}
}  // namespace detail

/// Writes `config.json` and `model.safetensors` (or several files and an index) to `folder`, which is made when it is
/// not there. Each file is written whole or not at all, the configuration last.
/// @throws file_error, value_error
template <class Model>
void save_huggingface(Model const& net, std::string const& folder, huggingface_save_options const& options = {}) {
  if (options.type != dtype::f32 && options.type != dtype::f16 && options.type != dtype::bf16) {
    raise_mismatch<value_error>("type", std::string(dtype_name(options.type)), {"F32, F16 or BF16"});
  }
  auto const text = detail::huggingface_config_text(net, options);
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    throw file_error("slimfit: folder " + folder + " could not be made: " + std::strerror(errno));
  }
  safetensors_writer writer;
  detail::staged_tensors<typename Model::value_type> staged;
  writer.set_metadata("format", "pt");
  detail::add_huggingface_parameters(writer, net, options.type, staged);
  atomic_file config(folder + "/config.json");
  config.write(text.data(), static_cast<index_t>(text.size()));
  writer.save_shards(folder, options.largest_file);
  config.commit();
}

}  // namespace slimfit
