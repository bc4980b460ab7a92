// SPDX-License-Identifier: MIT
// Loads a Hugging Face folder (config.json and tensors in one file or several) into a model. The configuration must be
// what the model was compiled for; nothing is copied before everything has been read.
#pragma once

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <slimfit/huggingface/config.hpp>
#include <slimfit/huggingface/names.hpp>
#include <slimfit/huggingface/position_table.hpp>
#include <slimfit/huggingface/shape_text.hpp>
#include <slimfit/io/safetensors.hpp>
#include <slimfit/models/model.hpp>
#include <slimfit/train/checkpoint.hpp>
#include <slimfit/train/load_checks.hpp>

namespace slimfit {

struct huggingface_load_options {
  /// Names or beginnings of names of parameters not to read, e.g. "classifier" when the classes differ.
  std::vector<std::string> except{};
  bool allow_missing = false;  ///< of other parameters than heads and the pooler
  bool allow_unused = false;   ///< of other tensors than heads, position numbers and mask tokens
  /// Multiplies DINOv2's LayerScale into the linear before it: the same function, but other training dynamics.
  bool fold_layer_scale = false;
};

/// What a folder and a model do not have in common.
struct huggingface_report {
  std::vector<std::string> missing;  ///< parameters that keep the values they had, by slimfit's names
  std::vector<std::string> unused;   ///< tensors of the folder, by its names
};

namespace detail {

template <class Model>
class huggingface_loader {
 public:
  using value_type = typename Model::value_type;
  static constexpr auto shape = Model::network_type::shape;
  static constexpr bool is_vit = std::is_same_v<std::remove_cvref_t<decltype(shape)>, vit_shape>;

  huggingface_loader(Model& net, std::string const& folder, huggingface_load_options const& options)
      : net_(net), options_(options), path_(folder), config_(read_huggingface_config(folder)), tensors_(folder) {}

  huggingface_report load() {
    require_known_names(options_.except, net_.parameters());
    check_config();
    staged_tensors<value_type> staged;
    for (auto const& [name, each] : net_.parameters()) {
      require_finite<file_error>(path_ + ": tensor " + name, staged.emplace_back(values_of(name, each)),
                                 finite_weights);
    }
    list_unused();
    for (std::size_t i = 0; i < staged.size(); ++i) {
      net_.device().copy(staged[i].data(), net_.parameters()[i].value.data, static_cast<index_t>(staged[i].size()));
    }
    return report_;
  }

 private:
  [[noreturn]] void fail(std::string const& what) const { throw file_error("slimfit: " + path_ + what); }

  [[nodiscard]] std::string stored(std::string const& own) const {
    return stored_name(own, config_.type, [&](std::string const& name) { return tensors_.contains(name); });
  }
  [[nodiscard]] bool excepted(std::string const& name) const {
    return std::any_of(options_.except.begin(), options_.except.end(),
                       [&](std::string const& beginning) { return name.starts_with(beginning); });
  }

  [[nodiscard]] bool has_own(std::string const& name) const {
    auto const& parameters = net_.parameters();
    return std::any_of(parameters.begin(), parameters.end(), [&](auto const& each) { return each.name == name; });
  }

  void check_config() const {
    require_shape_to_write(config_, path_ + "/config.json");
    if (is_vit == (config_.type == huggingface_type::bert)) {
      fail(std::string("/config.json: model_type is another, expected ") + (is_vit ? "vit or dinov2" : "bert"));
    }
    bool const reads_classifier =
        has_own("classifier.weight") && !excepted("classifier.weight") && !stored("classifier.weight").empty();
    index_t const compiled_classes = Model::network_type::classes;
    index_t const classes = reads_classifier ? config_.classes : compiled_classes;
    std::string differences;
    auto const differ = [&](std::string const& key, std::string const& wanted, std::string const& compiled) {
      differences +=
          (differences.empty() ? "" : "; ") + key + " is " + wanted + ", the model was compiled with " + compiled;
    };
    auto sizes = compared_sizes(shape, config_);
    sizes.push_back({"id2label: count", "classes", classes, compiled_classes});
    for (auto const& each : sizes) {
      if (each.wanted != each.compiled) {
        differ(each.key, std::to_string(each.wanted), std::to_string(each.compiled));
      }
    }
    if (std::abs(config_.norm_epsilon - shape.norm_epsilon) > 1e-6 * shape.norm_epsilon) {
      differ("layer_norm_eps", number_text(config_.norm_epsilon), number_text(shape.norm_epsilon));
    }
    if constexpr (is_vit) {
      if (shape.layer_scale && config_.type == huggingface_type::vit) {
        differ("LayerScale", "not there", "layer_scale = true");
      }
    }
    if (!differences.empty()) {
      throw shape_error("slimfit: " + path_ + "/config.json: " + differences +
                        ". The shape to write: " + shape_text(shape, config_, classes));
    }
  }

  /// Converted values of a parameter; none when it is to stay as it is.
  std::vector<value_type> values_of(std::string const& own, parameter<value_type> const& target) {
    auto const name = stored(own);
    if (name.empty() || excepted(own)) {
      if (!excepted(own) && !options_.allow_missing && !may_be_missing(own)) {
        fail(": tensor " + own + " is missing" + found_instead(bare_name(own, config_.type), tensors_.places()) +
             ". Expected it unless allow_missing");
      }
      report_.missing.push_back(own);
      return {};
    }
    used_.insert(name);
    std::vector<value_type> values(static_cast<std::size_t>(target.count()));
    auto const extents = extents_of(target);
    if constexpr (is_vit) {
      if (own == "vit.embeddings.position_embeddings" && tensors_.at(name).shape != extents) {
        return converted(resized_positions(name, target));
      }
      if (config_.type == huggingface_type::dinov2) {
        if (own == "classifier.weight") { return class_token_half(name, target); }
        if (auto const scale = scale_name(own); !scale.empty()) { return folded(name, scale, target); }
      }
    }
    tensors_.read_into(name, extents, values.data());
    return values;
  }

  static std::vector<value_type> converted(std::vector<double> const& values) {
    std::vector<value_type> result;
    for (auto const value : values) { result.push_back(convert_element<value_type>(value)); }
    return result;
  }
  [[nodiscard]] std::vector<double> read(std::string const& name, std::vector<index_t> const& extents) const {
    index_t count = 1;
    for (auto const extent : extents) { count *= extent; }
    std::vector<double> values(static_cast<std::size_t>(count));
    tensors_.read_into(name, extents, values.data());
    return values;
  }

  [[nodiscard]] std::vector<double> resized_positions(std::string const& name,
                                                      parameter<value_type> const& target) const {
    auto const& file_shape = tensors_.at(name).shape;
    index_t const width = target.shape[2];
    auto const side_of = [](index_t rows) { return index_t{std::lround(std::sqrt(double(rows - 1)))}; };
    index_t const rows = file_shape.size() == 3 ? file_shape[1] : 0;
    index_t const side = rows > 1 ? side_of(rows) : 0;
    if (side < 1 || 1 + side * side != rows || file_shape[0] != 1 || file_shape[2] != width) {
      fail(": tensor " + name + " has shape " + slimfit::shape_text(file_shape) + ", expected [1, 1 + side * side, " +
           std::to_string(width) + "]");
    }
    return resized_position_table(read(name, file_shape), side, side_of(target.shape[1]), width);
  }

  /// DINOv2's classifier reads the class token and the mean of the patches, a ViT's the class token alone.
  [[nodiscard]] std::vector<value_type> class_token_half(std::string const& name,
                                                         parameter<value_type> const& target) const {
    auto const extents = extents_of(target);
    if (tensors_.at(name).shape == extents) { return converted(read(name, extents)); }
    auto const width = static_cast<std::size_t>(extents[1]);
    auto const both = read(name, {extents[0], 2 * extents[1]});
    std::vector<double> half;
    for (std::size_t i = 0; i < both.size(); ++i) {
      if (i % (2 * width) < width) {
        half.push_back(both[i]);
      } else if (both[i] != 0) {
        fail(": tensor " + name +
             " reads the mean of the patches, expected zeros there or \"classifier\" in except: "
             "the model's classifier reads the class token alone");
      }
    }
    return converted(half);
  }

  [[nodiscard]] std::string scale_name(std::string const& own) {
    auto const own_scale = layer_scale_after(own);
    auto const name = own_scale.empty() ? std::string() : stored(own_scale);
    if (name.empty() || has_own(own_scale)) { return {}; }
    if (!options_.fold_layer_scale) {
      fail(": tensor " + name +
           " is a LayerScale, which the model has not, expected .layer_scale = true in its vit_shape, or "
           "fold_layer_scale");
    }
    used_.insert(name);
    return name;
  }
  /// Rows of a weight, or elements of a bias, times their scale: in double, rounded once.
  [[nodiscard]] std::vector<value_type> folded(std::string const& name, std::string const& scale_name,
                                               parameter<value_type> const& target) const {
    auto values = read(name, extents_of(target));
    auto const scale = read(scale_name, {target.shape[0]});
    std::size_t const row = values.size() / scale.size();
    for (std::size_t i = 0; i < values.size(); ++i) { values[i] *= scale[i / row]; }
    return converted(values);
  }

  void list_unused() {
    std::string refused;
    for (auto const& [name, file] : tensors_.places()) {
      if (used_.count(name) > 0) { continue; }
      report_.unused.push_back(name);
      if (!may_be_unused(name)) { refused += (refused.empty() ? "" : ", ") + name; }
    }
    if (!refused.empty() && !options_.allow_unused) {
      fail(": has tensors that the model has not, expected none unless allow_unused: " + refused);
    }
  }

  Model& net_;
  huggingface_load_options const& options_;
  std::string path_;
  huggingface_config config_;
  safetensors_folder tensors_;
  std::set<std::string> used_;
  huggingface_report report_;
};

}  // namespace detail

/// Reads a folder of `BertModel`, `BertForSequenceClassification`, `BertForQuestionAnswering`, `ViTModel`,
/// `ViTForImageClassification`, `Dinov2Model` or `Dinov2ForImageClassification`. A head or pooler that it lacks stays
/// as it was and is listed; a position table for another image size is interpolated.
/// @throws file_error, shape_error; the model is unchanged then
template <class Model>
huggingface_report load_huggingface(Model& net, std::string const& folder,
                                    huggingface_load_options const& options = {}) {
  return detail::huggingface_loader<Model>(net, folder, options).load();
}

}  // namespace slimfit
