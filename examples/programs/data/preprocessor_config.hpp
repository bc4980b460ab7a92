// SPDX-License-Identifier: MIT
// preprocessor_config.json, which lies beside the weights of a Hugging Face folder and says what the model expects of
// its pictures. Read as `transformers` reads it: what a file leaves out is the default of the image processor that it
// names. What would give other pixels here is refused.
#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/mapped_file.hpp>

#include "../support/json_text.hpp"
#include "image_processors.hpp"
#include "preprocessing.hpp"

namespace examples {

namespace detail {

/// Reads the members that change what the network sees.
class preprocessor_reader {
 public:
  preprocessor_reader(nlohmann::json const& config, std::string const& name, std::string const& model_type)
      : config_(config), name_(name), kind_(find_processor(model_type)) {}

  [[nodiscard]] preprocessing read() const {
    preprocessing how;
    how.odd = odd_margin::left;
    if (!flag("do_resize", true)) { refuse("do_resize", "true"); }
    for (auto const* const key : {"do_pad", "offset", "rescale_offset", "do_rescale_offset"}) {
      if (flag(key, false)) { refuse(key, "false"); }
    }
    how.scale = flag("do_rescale", true) ? number("rescale_factor", 1 / 255.0) : 1;
    if (flag("do_normalize", true)) {
      how.mean = colours("image_mean", kind_.mean, -1e3F);
      how.deviation = colours("image_std", kind_.deviation, 1e-6F);
    } else {
      how.mean.fill(0);
      how.deviation.fill(1);
    }
    how.filter = filter();
    read_size(how);
    return how;
  }

 private:
  /// Null where there is none.
  [[nodiscard]] nlohmann::json const* member(char const* key) const {
    auto const found = config_.find(key);
    return found == config_.end() || found->is_null() ? nullptr : &*found;
  }
  [[noreturn]] void refuse(char const* key, std::string const& expected) const {
    throw slimfit::file_error(
        slimfit::mismatch(name_ + ": " + key, config_.value(key, nlohmann::json()).dump(), expected));
  }
  /// @param fallback where the member is missing; versions of transformers read null as one or the other
  [[nodiscard]] bool flag(char const* key, bool fallback) const {
    auto const found = config_.find(key);
    if (found == config_.end() || (found->is_null() && !fallback)) { return fallback; }
    if (!found->is_boolean()) { refuse(key, "true or false"); }
    return found->get<bool>();
  }
  [[nodiscard]] double number(char const* key, double fallback) const {
    auto const* const value = member(key);
    if (value == nullptr) { return fallback; }
    if (!value->is_number() || !(value->get<double>() > 0 && value->get<double>() <= 1e3)) {
      refuse(key, "a number above 0, at most 1000");
    }
    return value->get<double>();
  }

  [[nodiscard]] image_processor const& find_processor(std::string const& model_type) const {
    for (auto const* const key : {"image_processor_type", "feature_extractor_type"}) {
      auto const* const value = member(key);
      if (value == nullptr) { continue; }
      auto const* const found = value->is_string() ? processor_named(value->get<std::string>()) : nullptr;
      if (found == nullptr) { refuse(key, names_of_processors()); }
      return *found;
    }
    auto const* const found = processor_of_model(model_type);
    if (found == nullptr) {
      throw slimfit::file_error("slimfit: " + name_ + " has no image_processor_type, and model_type \"" + model_type +
                                "\" of config.json is none whose image processor is known, expected " +
                                names_of_processors());
    }
    return *found;
  }

  [[nodiscard]] resize_filter filter() const {
    auto const found = config_.find("resample");
    if (found == config_.end() && !kind_.has_share) { return kind_.filter; }
    // Versions of transformers differ in what ConvNeXT's processor takes without one.
    if (found == config_.end()) { refuse("resample", "2 (bilinear) or 3 (bicubic)"); }
    if (*found != 2 && *found != 3) { refuse("resample", "2 (bilinear) or 3 (bicubic)"); }
    return *found == 2 ? resize_filter::bilinear : resize_filter::bicubic;
  }

  [[nodiscard]] index_t pixels(char const* key, nlohmann::json const& value) const {
    constexpr index_t largest = 1 << 14;
    if (!value.is_number_unsigned() || value < 1 || value > largest) {
      refuse(key, "1 to " + std::to_string(largest) + " pixels");
    }
    return value.get<index_t>();
  }
  /// Of an object, the members that are not null must be these.
  static bool has_only(nlohmann::json const& value, std::initializer_list<char const*> keys) {
    std::size_t count = 0;
    for (auto const& [key, each] : value.items()) { count += each.is_null() ? 0 : 1; }
    return count == keys.size() && std::all_of(keys.begin(), keys.end(), [&](char const* key) {
             return value.contains(key) && !value.at(key).is_null();
           });
  }
  /// Equal height and width, as an object, two numbers, or one.
  [[nodiscard]] index_t square(char const* key, nlohmann::json const& value) const {
    bool const is_object = value.is_object() && has_only(value, {"height", "width"});
    bool const is_pair = value.is_array() && value.size() == 2;
    if (!is_object && !is_pair) {
      if (value.is_object() || value.is_array()) { refuse(key, "equal height and width"); }
      return pixels(key, value);
    }
    auto const& height = is_object ? value.at("height") : value.at(0);
    if (height != (is_object ? value.at("width") : value.at(1))) { refuse(key, "equal height and width"); }
    return pixels(key, height);
  }

  void read_size(preprocessing& how) const {
    auto const* const value = member("size");
    if (value == nullptr) {
      how.resized = kind_.size;
      how.squeezed = kind_.squeezes;
    } else if (value->is_object() && value->contains("shortest_edge")) {
      if (!has_only(*value, {"shortest_edge"})) { refuse("size", "shortest_edge alone"); }
      how.resized = pixels("size", value->at("shortest_edge"));
    } else {
      how.resized = square("size", *value);
      how.squeezed = !value->is_number() || kind_.squeezes;
    }
    if (kind_.has_share) {
      read_share(how);
      return;
    }
    bool const crops = flag("do_center_crop", kind_.crop > 0);
    if (crops && kind_.crop == 0) {
      refuse("do_center_crop", "false: only some versions of " + kind_.name() + " crop");
    }
    how.cropped = how.resized;
    if (crops) {
      auto const* const crop = member("crop_size");
      how.cropped = crop != nullptr ? square("crop_size", *crop) : kind_.crop;
      if (how.cropped > how.resized) { refuse("crop_size", "at most " + std::to_string(how.resized)); }
    } else if (!how.squeezed) {
      refuse("size", "equal height and width, or do_center_crop: networks read squares");
    }
  }
  /// ConvNeXT's: below 384 pixels the middle `crop_pct` of the shorter side, above the whole picture.
  void read_share(preprocessing& how) const {
    if (how.squeezed) { refuse("size", "shortest_edge"); }
    if (flag("do_center_crop", false)) { refuse("do_center_crop", "false: " + kind_.name() + " crops by crop_pct"); }
    double const share = number("crop_pct", 224.0 / 256);
    how.cropped = how.resized;
    how.squeezed = how.resized >= 384;
    if (!how.squeezed) {
      if (share > 1 || share < 0.01) { refuse("crop_pct", "0.01 to 1"); }
      how.resized = static_cast<index_t>(static_cast<double>(how.resized) / share);
    }
  }

  [[nodiscard]] std::array<float, 3> colours(char const* key, std::array<float, 3> const& fallback,
                                             float lowest) const {
    auto const* const values = member(key);
    if (values == nullptr) { return fallback; }
    auto const fits = [&](nlohmann::json const& value) {
      return value.is_number() && value.get<double>() >= lowest && value.get<double>() <= 1e3;
    };
    std::array<float, 3> result{};
    if (fits(*values)) {
      result.fill(values->get<float>());
    } else if (values->is_array() && values->size() == 3 && std::all_of(values->begin(), values->end(), fits)) {
      result = values->get<std::array<float, 3>>();
    } else {
      refuse(key, "a number or three, from " + std::to_string(lowest) + " to 1000");
    }
    return result;
  }

  nlohmann::json const& config_;
  std::string const& name_;
  image_processor const& kind_;
};

}  // namespace detail

/// @param name of the file, for messages
/// @param model_type of config.json beside it, which says what the image processor is where the file does not
/// @throws slimfit::file_error when it is none, or asks for what is not done here
inline preprocessing parse_preprocessor_config(std::string const& text, std::string const& name,
                                               std::string const& model_type = "vit") {
  try {
    auto const config = parse_json(text, name, "is not as preprocessor_config.json is");
    if (!config.is_object()) { throw slimfit::file_error("slimfit: " + name + " holds no object, expected {...}"); }
    return detail::preprocessor_reader(config, name, model_type).read();
  } catch (nlohmann::json::exception const& problem) {
    throw slimfit::file_error("slimfit: " + name + " is not as preprocessor_config.json is: " + problem.what());
  }
}

/// What the model in `folder` expects; the defaults where it does not say.
/// @throws slimfit::file_error
inline preprocessing read_preprocessor_config(std::string const& folder) {
  auto const read = [](std::string const& path) {
    slimfit::mapped_file const file(path, slimfit::model_text);
    return std::string(file.text());
  };
  auto const path = folder + "/preprocessor_config.json";
  std::error_code unreadable;
  if (std::filesystem::symlink_status(path, unreadable).type() == std::filesystem::file_type::not_found) { return {}; }
  std::string model_type = "vit";
  if (auto const beside = folder + "/config.json"; std::filesystem::exists(beside, unreadable)) {
    auto const config = parse_json(read(beside), beside, "is no JSON");
    if (config.is_object() && config.contains("model_type") && config["model_type"].is_string()) {
      model_type = config["model_type"];
    }
  }
  return parse_preprocessor_config(read(path), path, model_type);
}

/// Writes the file beside a model that reads `side` pixels.
/// @throws slimfit::file_error
inline void write_preprocessor_config(preprocessing const& how, index_t side, std::string const& folder) {
  // As they were written: float digits look odd as double ones.
  auto const decimal = [](std::array<float, 3> const& values) {
    std::array<double, 3> shortest{};
    std::transform(values.begin(), values.end(), shortest.begin(), [](float value) {
      char text[32];
      double result = 0;
      std::from_chars(text, std::to_chars(text, text + sizeof text, value).ptr, result);
      return result;
    });
    return shortest;
  };
  auto const square = [](index_t pixels) { return nlohmann::json{{"height", pixels}, {"width", pixels}}; };
  index_t const resized = evaluation_side(how, side);
  nlohmann::json config{{"do_normalize", true},
                        {"do_rescale", true},
                        {"do_resize", true},
                        {"image_mean", decimal(how.mean)},
                        {"image_std", decimal(how.deviation)},
                        {"resample", how.filter == resize_filter::bilinear ? 2 : 3},
                        {"rescale_factor", how.scale}};
  if (how.squeezed && resized == side) {
    config["image_processor_type"] = "ViTImageProcessor";
    config["size"] = square(side);
  } else {
    config["image_processor_type"] = how.squeezed ? "DeiTImageProcessor" : "BitImageProcessor";
    config["size"] = how.squeezed ? square(resized) : nlohmann::json{{"shortest_edge", resized}};
    config["crop_size"] = square(side);
    config["do_center_crop"] = true;
  }
  auto const text = config.dump(2) + "\n";
  slimfit::atomic_file file(folder + "/preprocessor_config.json");
  file.write(text.data(), static_cast<index_t>(text.size()));
  file.commit();
}

/// What readers of the written file do otherwise, in words; empty where they see the same. The form has no word for
/// where an odd margin is cut: all its processors let the smaller half lie before the middle.
inline std::string difference_when_read(preprocessing const& how, index_t side) {
  // Halves are rounded up from 3, 7, ... pixels on. Of pictures that keep their ratio any may have such a margin.
  bool const is_same = how.odd == odd_margin::left || (how.squeezed && (evaluation_side(how, side) - side) % 4 != 3);
  if (is_same) { return {}; }
  return "preprocessor_config.json: where 3, 7, 11, ... pixels lie around the middle that is cut out, readers begin "
         "one "
         "pixel further to the left or the top than this run's evaluation did, and may get slightly other figures";
}

}  // namespace examples
