// SPDX-License-Identifier: MIT
// A short training run of a model on any backend, and what it did.
#pragma once

#include <doctest/doctest.h>

#include <slimfit/train/trainer.hpp>
#include <string>
#include <vector>

namespace slimfit::testing {

struct training_history {
  std::vector<double> losses;
  std::vector<active_set> active;
  std::vector<float> last_weights;
};

/// Trains a new model for `steps` steps on one batch with 75 % of its units frozen. Requires that each step takes the
/// memory that was planned, to the byte.
template <class Model>
training_history train(std::vector<typename Model::network_type::input_type> const& inputs,
                       std::vector<typename Model::network_type::loss_type::label_type> const& labels, index_t steps) {
  using schedule = freezing::inter_layer<freezing::relative_update, percent<75>>;
  typename Model::device_type device;
  Model net(device, 3);
  trainer<Model, adamw, schedule> run(net, {.learning_rate = 1e-4}, {.seed = 5, .steps = steps});
  training_history result;
  for (index_t step = 0; step < steps; ++step) {
    auto const report = run.step(inputs, labels);
    result.losses.push_back(report.loss);
    result.active.push_back(report.active);
    REQUIRE(report.measured == report.planned);
  }
  for (auto const& [name, each] : net.parameters()) {
    std::vector<typename Model::value_type> values(static_cast<std::size_t>(each.count()));
    device.copy(each.data, values.data(), each.count());
    for (auto const value : values) { result.last_weights.push_back(static_cast<float>(value)); }
  }
  return result;
}

/// `actual` did what `expected` did but for rounding: losses within `tolerance`, the same units in every step.
inline void check_follows(training_history const& actual, training_history const& expected, double tolerance) {
  REQUIRE(actual.losses.size() == expected.losses.size());
  for (std::size_t i = 0; i < expected.losses.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(actual.losses[i] - expected.losses[i]) < tolerance);
    CHECK(actual.active[i] == expected.active[i]);
  }
}

}  // namespace slimfit::testing
