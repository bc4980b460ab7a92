// SPDX-License-Identifier: MIT
// expect: slimfit: stack<Block, Layers, ...>: Layers must be positive
#include <slimfit/layers/stack.hpp>

using namespace slimfit;

struct block {
  using kept_type = int;
  using value_type = float;
  static constexpr int width = 8;
  static constexpr bool mixes_rows = false;
};
int const layers = stack<block, 0, bias_updates::always>::layers;
