// SPDX-License-Identifier: MIT
// A layer of one's own: each feature times a trained factor, y = x * w. Its input is kept while the factors are
// trained.
#pragma once
#include <slimfit/slimfit.hpp>

struct scale_function {
  static constexpr char const* name = "scale's input";
  static constexpr bool input_gradient_needs_input = false;

  template <class Group, class Tile>
  SLIMFIT_HD static Tile value(Group /*group*/, Tile const& x, Tile const& w) {
    return map([](auto v, auto f) { return v * f; }, x, w);
  }
  template <class Group, class Tile>
  SLIMFIT_HD static slimfit::row_gradients<Tile> gradients(Group /*group*/, Tile const& x, Tile const& w,
                                                           Tile const& dy) {
    auto const product = [](auto a, auto b) { return a * b; };
    return {map(product, w, dy), map(product, x, dy)};
  }
};
template <int Width, class Stash, slimfit::scalar T>
using feature_scale = slimfit::row_layer<Width, scale_function, Stash, T>;
