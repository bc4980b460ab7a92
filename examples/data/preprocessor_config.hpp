// SPDX-License-Identifier: MIT
// preprocessor_config.json, which lies beside the weights of a Hugging Face folder and says what the model expects of
// its pictures.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include <slimfit/io/atomic_file.hpp>
#include <slimfit/io/mapped_file.hpp>

#include "../support/json_text.hpp"
#include "preprocessing.hpp"

namespace examples {

namespace detail {

/// Reads the members that change what the network sees; the kind of processor and the like are skipped.
class preprocessor_reader {
 public:
  preprocessor_reader(nlohmann::json const& config, std::string const& name) : config_(config), name_(name) {}

  [[nodiscard]] preprocessing read() const {
    preprocessing how;
    if (config_.value("do_normalize", true)) {
      how.mean = colours("image_mean", how.mean, -1e3F);
      how.deviation = colours("image_std", how.deviation, 1e-6F);
    } else {
      how.mean.fill(0);
      how.deviation.fill(1);
    }
    if (!config_.value("do_rescale", true)) { refuse("do_rescale", "true"); }
    if (std::abs(255 * config_.value("rescale_factor", 1 / 255.0) - 1) > 1e-6) { refuse("rescale_factor", "1 / 255"); }
    if (auto const* const filter = member("resample")) {
      if (*filter != 2 && *filter != 3) { refuse("resample", "2 (bilinear) or 3 (bicubic)"); }
      how.filter = *filter == 2 ? resize_filter::bilinear : resize_filter::bicubic;
    }
    auto const* const size = member("size");
    if (size == nullptr) { return how; }
    if (size->is_object() && size->contains("shortest_edge")) {
      how.resized = pixels("size", size->at("shortest_edge"));
      bool const crops = config_.value("do_center_crop", true) && member("crop_size") != nullptr;
      how.cropped = crops ? square("crop_size") : how.resized;
      if (how.cropped > how.resized) { refuse("crop_size", "at most " + std::to_string(how.resized)); }
    } else {
      static_cast<void>(square("size"));
      how.squeezed = true;
    }
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
  [[nodiscard]] index_t pixels(char const* key, nlohmann::json const& value) const {
    constexpr index_t largest = 1 << 14;
    if (!value.is_number_unsigned() || value < 1 || value > largest) {
      refuse(key, "1 to " + std::to_string(largest) + " pixels");
    }
    return value.get<index_t>();
  }
  /// A side, alone or as equal height and width.
  [[nodiscard]] index_t square(char const* key) const {
    auto const& value = config_.at(key);
    if (!value.is_object()) { return pixels(key, value); }
    if (!value.contains("height") || value.at("height") != value.value("width", nlohmann::json())) {
      refuse(key, "equal height and width");
    }
    return pixels(key, value.at("height"));
  }
  [[nodiscard]] std::array<float, 3> colours(char const* key, std::array<float, 3> const& fallback,
                                             float lowest) const {
    auto const* const values = member(key);
    if (values == nullptr) { return fallback; }
    auto const fits = [&](nlohmann::json const& value) {
      return value.is_number() && value.get<double>() >= lowest && value.get<double>() <= 1e3;
    };
    if (!values->is_array() || values->size() != 3 || !std::all_of(values->begin(), values->end(), fits)) {
      refuse(key, "three numbers from " + std::to_string(lowest) + " to 1000");
    }
    return values->get<std::array<float, 3>>();
  }

  nlohmann::json const& config_;
  std::string const& name_;
};

}  // namespace detail

/// @param name of the file, for messages
/// @throws slimfit::file_error when it is none, or asks for what is not done here
inline preprocessing parse_preprocessor_config(std::string const& text, std::string const& name) {
  try {
    return detail::preprocessor_reader(parse_json(text, name, "is not as preprocessor_config.json is"), name).read();
  } catch (nlohmann::json::exception const& problem) {
    throw slimfit::file_error("slimfit: " + name + " is not as preprocessor_config.json is: " + problem.what());
  }
}

/// What the model in `folder` expects; the defaults where it does not say.
/// @throws slimfit::file_error
inline preprocessing read_preprocessor_config(std::string const& folder) {
  auto const path = folder + "/preprocessor_config.json";
  std::error_code unreadable;
  if (std::filesystem::symlink_status(path, unreadable).type() == std::filesystem::file_type::not_found) { return {}; }
  slimfit::mapped_file const file(path, slimfit::model_text);
  return parse_preprocessor_config(std::string(file.text()), path);
}

/// Writes the file beside a model that reads `side` pixels.
/// @throws slimfit::file_error
inline void write_preprocessor_config(preprocessing const& how, index_t side, std::string const& folder) {
  // As they were written: float digits look odd as double ones.
  auto const decimal = [](std::array<float, 3> const& values) {
    std::array<double, 3> rounded{};
    std::transform(values.begin(), values.end(), rounded.begin(),
                   [](float value) { return std::round(value * 1e6) / 1e6; });
    return rounded;
  };
  nlohmann::json const square{{"height", side}, {"width", side}};
  nlohmann::json config{{"do_normalize", true},
                        {"do_rescale", true},
                        {"do_resize", true},
                        {"image_mean", decimal(how.mean)},
                        {"image_std", decimal(how.deviation)},
                        {"resample", how.filter == resize_filter::bilinear ? 2 : 3},
                        {"rescale_factor", 1 / 255.0}};
  if (how.squeezed) {
    config["image_processor_type"] = "ViTImageProcessor";
    config["size"] = square;
  } else {
    config["image_processor_type"] = "BitImageProcessor";
    config["size"] = {{"shortest_edge", evaluation_side(how, side)}};
    config["crop_size"] = square;
    config["do_center_crop"] = true;
  }
  auto const text = config.dump(2) + "\n";
  slimfit::atomic_file file(folder + "/preprocessor_config.json");
  file.write(text.data(), static_cast<index_t>(text.size()));
  file.commit();
}

}  // namespace examples
