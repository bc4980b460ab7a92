// SPDX-License-Identifier: MIT
// Names of tensors in Hugging Face folders. slimfit's own are those of `BertForSequenceClassification`,
// `BertForQuestionAnswering` and `ViTForImageClassification`; a bare `BertModel` or `ViTModel` has no prefix, DINOv2
// calls parts of a block by other names, and old BERT files say gamma and beta.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <slimfit/huggingface/config.hpp>

namespace slimfit::detail {

inline bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> beginnings) {
  for (auto const beginning : beginnings) {
    if (name.starts_with(beginning)) { return true; }
  }
  return false;
}
/// `name` with `from` replaced by `to` where it occurs.
inline bool replace_part(std::string& name, std::string_view from, std::string_view to) {
  auto const place = name.find(from);
  if (place == std::string::npos) { return false; }
  name.replace(place, from.size(), to);
  return true;
}

/// slimfit's name of a parameter of a ViT as DINOv2 has it.
inline std::string dinov2_name(std::string name) {
  if (name.starts_with("vit.")) { name.replace(0, 4, "dinov2."); }
  bool const is_attention = name.find(".attention.") != std::string::npos;
  static_cast<void>(replace_part(name, ".layernorm_before.", ".norm1.") ||
                    replace_part(name, ".layernorm_after.", ".norm2.") ||
                    replace_part(name, ".intermediate.dense.", ".mlp.fc1.") ||
                    (!is_attention && replace_part(name, ".output.dense.", ".mlp.fc2.")));
  return name;
}

/// `own` as a folder's body alone calls it: without the model's prefix.
inline std::string bare_name(std::string const& own, huggingface_type type) {
  auto const full = type == huggingface_type::dinov2 ? dinov2_name(own) : own;
  return full.substr(begins_with_any(full, {"bert.", "vit.", "dinov2."}) ? full.find('.') + 1 : 0);
}

/// The name under which `own` lies in a folder; empty when it is not there.
/// @param contains whether the folder has a tensor
template <class Contains>
std::string stored_name(std::string const& own, huggingface_type type, Contains const& contains) {
  auto const full = type == huggingface_type::dinov2 ? dinov2_name(own) : own;
  for (auto const& candidate : {full, bare_name(own, type)}) {
    if (contains(candidate)) { return candidate; }
    auto old = candidate;
    if (replace_part(old, "LayerNorm.weight", "LayerNorm.gamma") ||
        replace_part(old, "LayerNorm.bias", "LayerNorm.beta")) {
      if (contains(old)) { return old; }
    }
  }
  return {};
}

/// Parameters that a folder may lack, because a body that was trained for something else has them not.
inline bool may_be_missing(std::string_view own) {
  return begins_with_any(own, {"classifier.", "qa_outputs.", "bert.pooler."});
}

/// Tensors that a folder may have too much: numbers of positions, a token of masked images, heads of other tasks.
inline bool may_be_unused(std::string_view stored) {
  if (stored.ends_with("position_ids") || stored.ends_with("mask_token")) { return true; }
  return begins_with_any(stored, {"cls.", "classifier.", "qa_outputs.", "pooler.", "bert.pooler.", "vit.pooler."});
}

/// The LayerScale that multiplies the output of the linear whose weight or bias `own` is; empty for others.
inline std::string layer_scale_after(std::string const& own) {
  auto name = own.substr(0, own.rfind('.'));
  if (replace_part(name, ".attention.output.dense", ".layer_scale1.lambda1")) { return name; }
  if (replace_part(name, ".output.dense", ".layer_scale2.lambda1")) { return name; }
  return {};
}

}  // namespace slimfit::detail
