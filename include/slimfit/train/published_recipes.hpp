// SPDX-License-Identifier: MIT
// How the tasks that the method was shown on were trained: the constants of the paper's published code, task by task.
#pragma once

#include <array>
#include <string_view>

#include <slimfit/optim/adamw.hpp>
#include <slimfit/train/learning_rate.hpp>

namespace slimfit {

/// A linear decay without warm-up, no clipping, three epochs each.
struct published_recipe {
  std::string_view task;   ///< as the fine-tuning programs call it
  std::string_view model;  ///< in Hugging Face's collection
  index_t tokens = 128;    ///< of a sequence, at most
  int frozen_percent = 0;  ///< of the units
  index_t batch = 32;
  adamw optimizer{};
  published_decay schedule{};
  std::uint64_t seed = 43;
  double epochs = 3;
};

/// AdamW of that code: epsilon is added before the bias correction, decay comes after the update.
/// @param decays GLUE's tasks leave out biases, three of them normalisations too
constexpr adamw published_adamw(double learning_rate, double weight_decay = 0.01, decayed_parameters decays = {}) {
  return {.learning_rate = learning_rate,
          .weight_decay = weight_decay,
          .epsilon_before_correction = true,
          .decays = decays};
}

namespace detail {
inline constexpr decayed_parameters no_biases{.biases = false};
inline constexpr decayed_parameters no_norms_or_biases{.norms = false, .biases = false};
inline constexpr published_decay one_longer{.ahead = 1, .over = 1};
inline constexpr published_decay second_of_longer{.over = 1};  // ViT's begins with its second step
inline constexpr published_decay tenth_of_warm_up{.over = -0.1, .starts_at_0 = true};

/// ImageNet alone was trained with PyTorch's AdamW.
constexpr adamw imagenet_adamw() {
  return {.learning_rate = 5e-5, .epsilon = 1e-8, .weight_decay = 0.01, .decay_first = true};
}
}  // namespace detail

inline constexpr std::array<published_recipe, 12> published_recipes{{
    {"cola", "bert-base-cased", 128, 90, 32, published_adamw(8e-5, 0.01, detail::no_biases), detail::tenth_of_warm_up},
    {"sst2", "bert-base-cased", 128, 95, 32, published_adamw(8e-5, 0.01, detail::no_biases), detail::one_longer, 44},
    {"mrpc", "bert-base-cased", 128, 90, 32, published_adamw(1.25e-4, 0.01, detail::no_biases), detail::one_longer},
    {"stsb", "bert-base-cased", 128, 85, 32, published_adamw(8e-5, 0.01, detail::no_norms_or_biases), {}},
    {"qqp", "bert-base-cased", 128, 80, 32, published_adamw(5e-5, 0.01, detail::no_norms_or_biases),
     detail::one_longer},
    {"mnli", "bert-base-cased", 128, 80, 32, published_adamw(4e-5, 0.01, detail::no_norms_or_biases),
     detail::one_longer},
    {"qnli", "bert-base-cased", 128, 95, 32, published_adamw(5e-5, 0.01, detail::no_biases), detail::one_longer},
    {"rte", "bert-base-cased", 128, 90, 16, published_adamw(1.2e-4, 0.01, detail::no_biases), detail::one_longer, 47},
    {"squad2", "bert-base-uncased", 384, 80, 128, published_adamw(1.8e-4), detail::tenth_of_warm_up, 23},
    {"cifar10", "google/vit-base-patch16-224-in21k", 197, 90, 32, published_adamw(7.5e-5, 0), detail::second_of_longer},
    {"cifar100", "google/vit-base-patch16-224-in21k", 197, 75, 32, published_adamw(5.5e-5, 0),
     detail::second_of_longer},
    {"imagenet", "google/vit-base-patch16-384", 577, 95, 128, detail::imagenet_adamw(), detail::second_of_longer},
}};

/// The recipe of a task, or null where the paper has none.
constexpr published_recipe const* published_recipe_of(std::string_view task) {
  for (auto const& each : published_recipes) {
    if (each.task == task) { return &each; }
  }
  return nullptr;
}

}  // namespace slimfit
