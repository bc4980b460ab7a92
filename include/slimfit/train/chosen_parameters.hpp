// SPDX-License-Identifier: MIT
// What a choice of units means for a model's parameters and for the optimizer's state.
#pragma once

#include <vector>

#include <slimfit/freezing/active_set.hpp>
#include <slimfit/optim/moments.hpp>
#include <slimfit/pass/parameter.hpp>

namespace slimfit {

/// Whether a parameter is updated when `active` units are.
template <scalar T>
constexpr bool is_updated(parameter<T> const& each, active_set const& active) {
  return each.unit == no_unit || active.test(each.unit);
}

/// What is updated when `active` units are.
template <class Model>
std::vector<parameter<typename Model::value_type>> updated_parameters(Model const& net, active_set const& active) {
  std::vector<parameter<typename Model::value_type>> result;
  for (auto const& [name, each] : net.parameters()) {
    if (is_updated(each, active)) { result.push_back(each); }
  }
  return result;
}

/// Elements of every parameter, by position.
template <class Model>
std::vector<index_t> element_counts(Model const& net) {
  std::vector<index_t> counts;
  for (auto const& [name, each] : net.parameters()) { counts.push_back(each.count()); }
  return counts;
}

/// Makes sure that what is active has moments, and what must not have any has none. @throws memory_error,
/// std::bad_alloc
template <class Model, class Optimizer>
void prepare_moments(Model const& net, Optimizer& optimizer, active_set const& active) {
  std::vector<parameter_extent> extents;
  for (auto const& each : updated_parameters(net, active)) { extents.push_back({each.position, each.count()}); }
  if (optimizer.options().drops()) {
    for (auto const& [name, each] : net.parameters()) {
      if (!is_updated(each, active)) { optimizer.drop(each.position); }
    }
  }
  optimizer.prepare(extents);
}

/// Enqueues what an optimizer does to frozen parameters.
template <class Model, class Optimizer>
void coast_frozen(Model const& net, Optimizer& optimizer, active_set const& active) {
  if constexpr (Optimizer::coasts) {
    for (auto const& [name, each] : net.parameters()) {
      if (!is_updated(each, active)) { optimizer.coast(each.position, each.data, each.count()); }
    }
  }
}

/// Whether a step updates a parameter or lets it coast.
template <class Optimizer, scalar T>
bool is_stepped(Optimizer const& optimizer, parameter<T> const& each, active_set const& active) {
  return is_updated(each, active) || (Optimizer::coasts && optimizer.steps(each.position) > 0);
}

/// What a step that is recorded must still find when it runs again.
template <class Model, class Optimizer>
auto layout_of_updates(Model const& net, Optimizer const& optimizer, active_set const& active) {
  return optimizer.layout_of([&](index_t position) {
    return is_stepped(optimizer, net.parameters()[static_cast<std::size_t>(position)].value, active);
  });
}

/// Counts the updates of a step that was recorded and runs again.
template <class Model, class Optimizer>
void count_steps(Model const& net, Optimizer& optimizer, active_set const& active) noexcept {
  for (auto const& [name, each] : net.parameters()) {
    if (is_stepped(optimizer, each, active)) { optimizer.count_step(each.position); }
  }
}

}  // namespace slimfit
