// SPDX-License-Identifier: MIT
// What the examples of this folder share: a small vision transformer's shape, and a short training run that shows
// whether what was plugged in works.
#pragma once

#include <slimfit/slimfit.hpp>

#include <cstdio>
#include <random>
#include <vector>

namespace extending {

inline constexpr slimfit::vit_shape shape{
    .image = 16, .patch = 4, .channels = 1, .hidden = 32, .heads = 4, .mlp = 64, .layers = 3, .classes = 2};

/// Trains `Model` on noise that is brighter in one class.
/// @return 0 when the loss fell and the memory was what the plan says, for `main`
template <class Model>
int train(char const* name) {
  constexpr int batch = 16;
  slimfit::host device;
  Model net(device);
  slimfit::trainer trainer{net, slimfit::adamw{.learning_rate = 3e-3}};
  std::mt19937 random(1);
  std::normal_distribution<float> noise;
  std::vector<float> images(batch * Model::network_type::inputs);
  std::vector<std::int32_t> labels(batch);
  double first = 0;
  double last = 0;
  bool as_planned = true;
  for (int step = 0; step < 40; ++step) {
    for (std::size_t i = 0; i < labels.size(); ++i) { labels[i] = static_cast<std::int32_t>(random() % 2); }
    for (std::size_t i = 0; i < images.size(); ++i) {
      images[i] = noise(random) + (labels[i / Model::network_type::inputs] == 1 ? 0.5F : -0.5F);
    }
    auto const report = trainer.step(images, labels);
    first = step == 0 ? report.loss : first;
    last = report.loss;
    as_planned = as_planned && report.measured == report.planned;
  }
  std::printf("%s: loss %.3f, after 40 steps %.3f; planned for activations: %lld bytes at most\n", name, first, last,
              static_cast<long long>(slimfit::plan<Model>(batch).bound().activations));
  return last < 0.5 * first && as_planned ? 0 : 1;
}

}  // namespace extending
