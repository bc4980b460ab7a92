// SPDX-License-Identifier: MIT
// What the trainer does with gradients: feeds them to the optimizer as soon as they are complete, or keeps them until
// the backward pass is done.
#pragma once

#include <vector>

#include <slimfit/layers/parameter.hpp>
#include <slimfit/memory/resource.hpp>

namespace slimfit {

/// Gradients are released: weights change during the backward pass, each after its last use in it.
template <class Optimizer>
struct releasing_updates {
  static constexpr bool releases = true;

  Optimizer& optimizer;

  template <scalar T>
  void apply(parameter<T> const& target, T* gradient) {
    optimizer.enqueue(target.position, target.data, gradient, target.count());
  }
  template <scalar T>
  void apply_part(parameter<T> const& target, T* gradient, index_t first, index_t count) {
    optimizer.enqueue_part(target.position, target.data, gradient, target.count(), {first, count});
  }
};

/// Gradients are kept: weights change in `apply_all`.
template <class Optimizer, class Resource, scalar T>
class keeping_updates {
 public:
  static constexpr bool releases = false;

  keeping_updates(Optimizer& optimizer, Resource& resource) : then_{optimizer}, resource_(&resource) {}

  /// @throws memory_error; no weight has changed then
  T* slot(parameter<T> const& target) {
    gradients_.push_back({target, buffer<T, Resource>(*resource_, target.count(), category::gradients)});
    return gradients_.back().values.data();
  }
  void apply_all() {
    for (auto const& each : gradients_) { then_.apply(each.target, each.values.data()); }
    gradients_.clear();
  }

 private:
  struct kept_gradient {
    parameter<T> target;
    buffer<T, Resource> values;
  };

  releasing_updates<Optimizer> then_;
  Resource* resource_;
  std::vector<kept_gradient> gradients_;
};

}  // namespace slimfit
