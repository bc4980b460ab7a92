// SPDX-License-Identifier: MIT
// What the paper's published code computed: tests/fixtures/published_*.safetensors (arashardakani/SlimFit, state
// 9070510, on a CPU in float32 with PyTorch 2.15).
#pragma once

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/io/safetensors.hpp>
#include <string>
#include <vector>

#include "gradients.hpp"

namespace slimfit::testing {

class published_data {
 public:
  explicit published_data(std::string const& name) : file_(std::string(SLIMFIT_FIXTURES) + "/published_" + name) {}

  template <class T = float>
  [[nodiscard]] std::vector<T> read(std::string const& name) const {
    auto const& shape = file_.at(name).shape;
    index_t count = 1;
    for (auto const extent : shape) { count *= extent; }
    std::vector<T> values(static_cast<std::size_t>(count));
    file_.read_into(name, shape, values.data());
    return values;
  }
  [[nodiscard]] bool has(std::string const& name) const { return file_.contains(name); }

 private:
  safetensors_file file_;
};

}  // namespace slimfit::testing
