// SPDX-License-Identifier: MIT
// A short training run that shows whether what was plugged in works.
#pragma once

#include <slimfit/slimfit.hpp>

#include <cstdio>

#include "noise.hpp"

namespace extending {

inline constexpr int batch = 16;

struct losses {
  double first = 0;
  double last = 0;
  bool as_planned = true;  ///< whether every step took the memory that was planned
};

/// Trains `Model` on noise that is brighter in one class.
template <class Model>
losses run(int steps) {
  typename Model::device_type device;
  Model net(device);
  slimfit::trainer trainer{net, slimfit::adamw{.learning_rate = 3e-3}};
  noise data(Model::network_type::inputs);
  losses result;
  for (int step = 0; step < steps; ++step) {
    data.draw(batch);
    auto const report = trainer.step(data.images, data.labels);
    result.first = step == 0 ? report.loss : result.first;
    result.last = report.loss;
    result.as_planned = result.as_planned && report.measured == report.planned;
  }
  return result;
}

/// @return 0 when the loss fell and the memory was what the plan says, for `main`
template <class Model>
int train(char const* name) {
  auto const [first, last, as_planned] = run<Model>(40);
  std::printf("%s: loss %.3f, after 40 steps %.3f; planned for activations: %lld bytes at most\n", name, first, last,
              static_cast<long long>(slimfit::plan<Model>(batch).bound().activations));
  return last < 0.5 * first && as_planned ? 0 : 1;
}

}  // namespace extending
