// SPDX-License-Identifier: MIT
// What several ranks do with gradients that are released: the sums of all of them are fed to the optimizer.
#pragma once

#include <span>

#include <slimfit/optim/gradient_part.hpp>
#include <slimfit/optim/optimizer_traits.hpp>
#include <slimfit/optim/state_slices.hpp>
#include <slimfit/train/updates.hpp>

namespace slimfit {

/// Gradients are released to the optimizer when those of all ranks are summed.
template <class Optimizer, class Exchange>
struct exchanging_updates {
  static constexpr bool takes_parts = detail::takes_parts<typename Optimizer::options_type>;

  Optimizer& optimizer;
  Exchange& exchange;

  template <scalar T>
  void apply(parameter<T> const& target, T* gradient) {
    apply_part(target, gradient, 0, target.count());
  }
  template <scalar T>
  void apply_part(parameter<T> const& target, T* gradient, index_t first, index_t count) {
    if constexpr (!takes_parts) {
      if (exchange.cuts(count)) {
        exchange.flush(update());
        kept_gradient<T> const whole{target, gradient};
        exchange.sum_kept(std::span(&whole, 1));
        return optimizer.enqueue(target.position, target.data, gradient, count);
      }
    }
    if constexpr (takes_parts && detail::cuts_state<typename Optimizer::options_type>) {
      auto const slices = detail::slices_of(optimizer.options());
      if (count == target.count() && exchange.can_scatter(count, slices)) {
        return exchange.add_sliced(target, gradient, slices, update());
      }
    }
    exchange.add(target, gradient, {first, count}, update());
  }
  /// To be called when the backward pass is done.
  void finish() { exchange.flush(update()); }

 private:
  auto update() {
    return [this]<scalar T>(parameter<T> const& target, T const* values, gradient_part const& part, T* /*gradient*/) {
      if (part.count == target.count()) {
        optimizer.enqueue(target.position, target.data, values, part.count);
      } else if constexpr (takes_parts) {
        optimizer.enqueue_part(target.position, target.data, values, target.count(), part);
      }
    };
  }
};

}  // namespace slimfit
