// SPDX-License-Identifier: MIT
// Random samples for a model's step: pixels or token ids, and labels.
#pragma once

#include <random>
#include <vector>

#include <slimfit/core/config.hpp>

namespace slimfit::benchmarks {

/// @tparam Model a model of images or of token ids
template <class Model>
struct random_batch {
  using network = typename Model::network_type;
  std::vector<typename network::input_type> inputs;
  std::vector<std::int32_t> labels;

  explicit random_batch(index_t count, unsigned seed = 1)
      : inputs(static_cast<std::size_t>(count * network::inputs)), labels(static_cast<std::size_t>(count)) {
    std::mt19937 engine(seed);
    auto const below = [&](int end) { return std::uniform_int_distribution<int>(0, end - 1)(engine); };
    constexpr auto shape = Model::shape;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if constexpr (requires { shape.vocabulary; }) {
        auto const place = static_cast<index_t>(i) % network::inputs;
        inputs[i] = below(place < network::tokens ? shape.vocabulary : shape.types);
      } else {
        inputs[i] = static_cast<typename network::input_type>(std::normal_distribution<float>()(engine));
      }
    }
    for (auto& label : labels) { label = below(shape.classes); }
  }
};

}  // namespace slimfit::benchmarks
