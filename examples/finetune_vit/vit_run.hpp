// SPDX-License-Identifier: MIT
// What a run of finetune_vit is told, and the models it is compiled for.
#pragma once

#include <slimfit/models/vit_network.hpp>

#include "../training/runs.hpp"
#include "../training/task.hpp"

namespace examples {

using image_task = task<float, std::int32_t>;

/// A model that the program is compiled for.
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

inline constexpr vit_model vit_models[]{vit_tiny_7, vit_small_14};

inline bool same(slimfit::vit_shape const& a, slimfit::vit_shape const& b) {
  return a.image == b.image && a.patch == b.patch && a.channels == b.channels && a.hidden == b.hidden &&
         a.heads == b.heads && a.mlp == b.mlp && a.layers == b.layers && a.classes == b.classes;
}

struct vit_run {
  run_request const& request;
  image_task const& task;
  slimfit::vit_shape shape;
  std::string model;  ///< folder of pretrained weights; empty: none
  std::string start;  ///< file to start from instead; empty: none
  std::string save;   ///< file, or else folder, for the weights in the end; empty: none
};

/// Facts about a model for the report.
nlohmann::json describe_model(slimfit::vit_shape const& shape);

}  // namespace examples
