// SPDX-License-Identifier: MIT
// Options for plans of training with accumulated gradients.
#pragma once

#include <slimfit/core/scalar.hpp>
#include <slimfit/plan/across_ranks.hpp>

namespace slimfit {

namespace detail {
/// Whether plans count gradients that are summed over several passes.
template <class Options>
inline constexpr bool accumulates = requires {
  requires Options::accumulates;
};
}  // namespace detail

/// Options for plans alone: what training with `trainer::accumulate` takes. `plan<model, accumulated<adamw>>(batch)`
/// @tparam Optimizer options of the optimizer
template <class Optimizer>
struct accumulated {
  Optimizer optimizer{};

  static constexpr bool accumulates = true;
  template <scalar T>
  [[nodiscard]] static constexpr index_t exchange_bytes(index_t parameters, index_t largest_parameter) {
    return detail::exchange_bytes<Optimizer, T>(parameters, largest_parameter);
  }
  [[nodiscard]] constexpr bool drops() const { return optimizer.drops(); }

  template <scalar T>
  [[nodiscard]] constexpr index_t moment_bytes(index_t count) const {
    return optimizer.template moment_bytes<T>(count);
  }
  template <scalar T>
  [[nodiscard]] static constexpr index_t workspace_bytes(index_t parameters, index_t largest_parameter) {
    return Optimizer::template workspace_bytes<T>(parameters, largest_parameter);
  }
};

}  // namespace slimfit
