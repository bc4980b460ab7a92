// SPDX-License-Identifier: MIT
// The image processors of `transformers` that preprocessor_config.json may name, and what each does where the file does
// not say.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "resize.hpp"

namespace examples {

/// Defaults in which transformers 4.49 and 5.24 agree.
struct image_processor {
  std::string_view prefix;  ///< of its name
  index_t size;             ///< pixels of both sides, or of the shorter one
  bool squeezes;            ///< whether one number as size means both sides
  index_t crop;             ///< pixels of the middle that is cut out; 0: nothing is
  bool has_share;           ///< whether the middle is a share `crop_pct`
  resize_filter filter;
  std::array<float, 3> mean;
  std::array<float, 3> deviation;

  [[nodiscard]] std::string name() const { return std::string(prefix) + "ImageProcessor"; }
};

namespace detail {
inline constexpr std::array<float, 3> halves{0.5F, 0.5F, 0.5F};
inline constexpr std::array<float, 3> clip_mean{0.48145466F, 0.4578275F, 0.40821073F};
inline constexpr std::array<float, 3> clip_deviation{0.26862954F, 0.26130258F, 0.27577711F};
}  // namespace detail

inline constexpr std::array<image_processor, 5> image_processors{{
    {"ViT", 224, true, 0, false, resize_filter::bilinear, detail::halves, detail::halves},
    {"DeiT", 256, true, 224, false, resize_filter::bicubic, detail::halves, detail::halves},
    {"Bit", 224, false, 224, false, resize_filter::bicubic, detail::clip_mean, detail::clip_deviation},
    {"CLIP", 224, false, 224, false, resize_filter::bicubic, detail::clip_mean, detail::clip_deviation},
    {"ConvNext", 384, false, 0, true, resize_filter::bicubic, detail::halves, detail::halves},
}};

/// "ViTImageProcessor, ..."
inline std::string names_of_processors() {
  std::string names;
  for (auto const& each : image_processors) { names += (names.empty() ? "" : ", ") + each.name(); }
  return names;
}

/// The processor of that name, which may be a feature extractor's or a fast processor's; null: there is none.
inline image_processor const* processor_named(std::string_view name) {
  for (std::string_view const ending : {"Fast", "Pil"}) {
    if (name.ends_with(ending)) { name.remove_suffix(ending.size()); }
  }
  for (auto const& each : image_processors) {
    if (!name.starts_with(each.prefix)) { continue; }
    auto const rest = name.substr(each.prefix.size());
    if (rest == "ImageProcessor" || rest == "FeatureExtractor") { return &each; }
  }
  return nullptr;
}

/// The processor that models of this type have; null: not known.
inline image_processor const* processor_of_model(std::string_view model_type) {
  struct pair {
    std::string_view type, name;
  };
  for (auto const& [type, name] :
       {pair{"vit", "ViT"}, pair{"deit", "DeiT"}, pair{"dinov2", "Bit"}, pair{"dinov2_with_registers", "Bit"},
        pair{"clip", "CLIP"}, pair{"convnext", "ConvNext"}, pair{"convnextv2", "ConvNext"}}) {
    if (type == model_type) { return processor_named(std::string(name) + "ImageProcessor"); }
  }
  return nullptr;
}

}  // namespace examples
