// SPDX-License-Identifier: MIT
// What a run of finetune_vit is told, and the models it is compiled for.
#pragma once

#include <iterator>
#include <slimfit/models/vit_network.hpp>

#include "../training/runs.hpp"
#include "../training/task.hpp"
#include "compiled_models.hpp"

namespace examples {

using image_task = task<float, std::int32_t>;

/// A model that the program may be compiled for.
struct vit_model {
  char const* name;
  slimfit::vit_shape shape;
};
/// The small transformer of the quickstart.
inline constexpr vit_model vit_tiny_7{
    "vit-tiny-7 (6 blocks of width 64)",
    {.image = 28, .patch = 7, .channels = 1, .hidden = 64, .heads = 4, .mlp = 256, .layers = 6, .classes = 10}};
/// DINOv2's small one (Oquab et al. 2023) on small images.
inline constexpr vit_model vit_small_14{"vit-s14-56",
                                        {.image = 56,
                                         .patch = 14,
                                         .hidden = 384,
                                         .heads = 6,
                                         .mlp = 1536,
                                         .layers = 12,
                                         .classes = 10,
                                         .norm_epsilon = 1e-6}};
/// ViT-B/16 (Dosovitskiy et al. 2021) as the paper fine-tuned it.
inline constexpr vit_model vit_base_16_cifar10{"vit-b16-224", {.classes = 10}};
inline constexpr vit_model vit_base_16_cifar100{"vit-b16-224", {.classes = 100}};
inline constexpr vit_model vit_base_16_imagenet{"vit-b16-384", {.image = 384, .classes = 1000}};

/// For tests.
inline constexpr vit_model vit_tiny_colour{
    "vit-tiny-colour",
    {.image = 16, .patch = 8, .channels = 3, .hidden = 32, .heads = 2, .mlp = 64, .layers = 2, .classes = 10}};

/// `model` for data of one's own with another number of classes.
constexpr vit_model with_classes(vit_model model, int classes) {
  model.shape.classes = classes;
  return model;
}

/// Those of them that CMake's SLIMFIT_VIT_MODELS names, by number.
inline constexpr vit_model vit_models[]{SLIMFIT_VIT_MODELS};
inline constexpr int vit_model_count = static_cast<int>(std::size(vit_models));

/// Calls `body.template operator()<shape>()` with the shape of model number `model`.
template <int Model = 0, class Body>
auto with_vit_shape(int model, Body const& body) {
  if constexpr (Model + 1 < vit_model_count) {
    if (model != Model) { return with_vit_shape<Model + 1>(model, body); }
  }
  return body.template operator()<vit_models[Model].shape>();
}

struct vit_run {
  run_request const& request;
  image_task const& task;
  int shape;                        ///< number in vit_models
  std::string model;                ///< folder of pretrained weights; empty: none
  std::string start;                ///< file to start from instead; empty: none
  std::string save;                 ///< file, or else folder, for the weights in the end; empty: none
  std::vector<std::string> labels;  ///< names of the classes; empty: the data gives none
};

/// Facts about a model for the report.
nlohmann::json describe_model(int model);

}  // namespace examples
