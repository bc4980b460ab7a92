// SPDX-License-Identifier: MIT
// Which parameters weight decay shrinks. Recipes differ in it: many leave out biases, some normalisations too.
#pragma once

#include <slimfit/optim/parameter_role.hpp>

namespace slimfit {

/// By what a parameter is: `adamw{.decays = {.norms = false, .biases = false}}`.
struct decayed_parameters {
  bool weights = true;
  bool norms = true;
  bool biases = true;

  [[nodiscard]] constexpr bool include(parameter_role role) const {
    switch (role) {
      case parameter_role::norm:
        return norms;
      case parameter_role::bias:
        return biases;
      default:
        return weights;
    }
  }
  friend constexpr bool operator==(decayed_parameters const&, decayed_parameters const&) = default;
};

}  // namespace slimfit
