// SPDX-License-Identifier: MIT
// A short training run that shows whether what was plugged in works.
#pragma once

#include <slimfit/slimfit.hpp>

#include <cstdio>

#include "noise.hpp"

namespace extending {

/// Trains `Model` on noise that is brighter in one class.
/// @return 0 when the loss fell and the memory was what the plan says, for `main`
template <class Model>
int train(char const* name) {
  constexpr int batch = 16;
  slimfit::host device;
  Model net(device);
  slimfit::trainer trainer{net, slimfit::adamw{.learning_rate = 3e-3}};
  noise data(Model::network_type::inputs);
  double first = 0;
  double last = 0;
  bool as_planned = true;
  for (int step = 0; step < 40; ++step) {
    data.draw(batch);
    auto const report = trainer.step(data.images, data.labels);
    first = step == 0 ? report.loss : first;
    last = report.loss;
    as_planned = as_planned && report.measured == report.planned;
  }
  std::printf("%s: loss %.3f, after 40 steps %.3f; planned for activations: %lld bytes at most\n", name, first, last,
              static_cast<long long>(slimfit::plan<Model>(batch).bound().activations));
  return last < 0.5 * first && as_planned ? 0 : 1;
}

}  // namespace extending
