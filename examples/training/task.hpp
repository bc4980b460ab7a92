// SPDX-License-Identifier: MIT
// What a model is trained for: samples, and how its predictions are judged.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../data/samples.hpp"

namespace examples {

template <class Input, class Label>
struct task {
  using source_type = sample_source<Input, Label>;

  std::string name;
  std::shared_ptr<source_type const> train;
  std::shared_ptr<source_type const> test;
  /// Figures of merit by name, from what the network says of all test samples in their order: the scores that
  /// `trainer::predict` gives.
  std::function<std::map<std::string, double>(std::vector<float> const& scores)> judge;
  /// The figure that stands for the run.
  std::string metric = "accuracy";
  /// A figure to show beside it; empty: none.
  std::string second_metric{};
};

}  // namespace examples
