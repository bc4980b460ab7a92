// SPDX-License-Identifier: MIT
// expect: slimfit: per_block<Above, Lower...>: all policies must update biases alike (bias_updates)
#include <slimfit/policy/per_block.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

struct with_unit : policy::slim {
  static constexpr bias_updates biases = bias_updates::with_unit;
};
int const count = policy::per_block<policy::slim, policy::lowest<2, with_unit>>::lower_count;
