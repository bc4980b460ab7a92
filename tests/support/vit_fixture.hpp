// SPDX-License-Identifier: MIT
// The small vision transformer that PyTorch computed: see tests/fixtures/make.py.
#pragma once

#include <slimfit/io/safetensors.hpp>
#include <slimfit/models/vit.hpp>
#include <slimfit/train/checkpoint.hpp>
#include <string>
#include <vector>

namespace slimfit::testing {

inline constexpr vit_shape fixture_shape{
    .image = 12, .patch = 4, .channels = 3, .hidden = 32, .heads = 4, .mlp = 64, .layers = 2, .classes = 5};

/// Inputs, parameters and results of one fixture file.
template <class T>
struct vit_fixture {
  static constexpr index_t batch = 3;
  safetensors_file file;
  std::vector<T> images = std::vector<T>(batch * 3 * 12 * 12);
  std::vector<std::int32_t> labels = std::vector<std::int32_t>(batch);

  explicit vit_fixture(std::string const& name) : file(std::string(SLIMFIT_FIXTURES) + "/" + name) {
    file.read_into("input.images", {batch, 3, 12, 12}, images.data());
    file.read_into("input.labels", {batch}, labels.data());
  }

  /// A tensor as doubles.
  [[nodiscard]] static std::vector<double> read(safetensors_file const& from, std::string const& name) {
    auto const& shape = from.at(name).shape;
    index_t count = 1;
    for (auto const extent : shape) { count *= extent; }
    std::vector<double> values(static_cast<std::size_t>(count));
    from.read_into(name, shape, values.data());
    return values;
  }
  template <class Model>
  void set_weights(Model& net) const {
    for (auto const& [name, each] : net.parameters()) {
      auto const values = read(file, "weight." + name);
      for (std::size_t i = 0; i < values.size(); ++i) {
        each.data[i] = static_cast<typename Model::value_type>(static_cast<T>(values[i]));
      }
    }
  }
};

/// The key bias's gradient is zero in exact arithmetic; what is computed is rounding noise.
inline bool is_key_bias(std::string const& name) { return name.find(".key.bias") != std::string::npos; }

}  // namespace slimfit::testing
