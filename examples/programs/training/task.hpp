// SPDX-License-Identifier: MIT
// What a model is trained for: samples, and how its predictions are judged.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

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

/// What the data of a task are, in words: a run that is interrupted goes on with the same only.
/// @param samples what they are called in the plural
template <class Input, class Label>
nlohmann::json contents_of(task<Input, Label> const& work, std::string const& samples) {
  nlohmann::json contents;
  for (auto const& [name, source] : {std::pair{"training " + samples, work.train}, {"test " + samples, work.test}}) {
    contents["count of " + name] = source->size();
    contents["checksum of " + name] = source->checksum();
  }
  return contents;
}

}  // namespace examples
