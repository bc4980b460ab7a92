// SPDX-License-Identifier: MIT
// What a freezing schedule is told of the steps of a trainer.
#pragma once

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/policy/parameters.hpp>

namespace slimfit::detail {

/// Tells a schedule what the updates of a step measured: of the `active` units, those that say something.
/// @tparam Model has `parameters()`, @tparam Optimizer `statistics`, collected
template <class Schedule, class Model, class Optimizer>
void observe_units(Schedule& schedule, active_set const& active, Model const& net, Optimizer const& optimizer) {
  for (auto const& [name, each] : net.parameters()) {
    if (each.kind != parameter_kind::unit || !active.test(each.unit)) { continue; }
    auto const measured = optimizer.statistics(each.position, each.count());
    if (measured.has_learnt()) { schedule.observe(each.unit, measured); }
  }
}

/// Raises the distances that a schedule knows with the learning rate. A program's schedule may know none.
template <class Schedule>
void raise_distances(Schedule& schedule, double times) {
  if constexpr (requires { schedule.raise_distances(times); }) {
    if (times > 1) { schedule.raise_distances(times); }
  }
}

}  // namespace slimfit::detail
