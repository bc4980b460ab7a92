// SPDX-License-Identifier: MIT
// A normalisation of one's own, y = x / sqrt(mean(x^2) + epsilon) * w (Zhang and Sennrich, arXiv 1910.07467), in layer
// normalisation's place: its function, and a vision transformer that has it in every block.
#pragma once
#include <slimfit/slimfit.hpp>

struct rms_function {
  static constexpr char const* name = "RMSNorm";
  static constexpr bool input_gradient_needs_input = true;

  template <class Group, class Tile>
  SLIMFIT_HD static Tile value(Group group, Tile const& x, Tile const& w) {
    auto const rate = rate_of(group, x);
    return map([rate](auto v, auto f) { return v * rate * f; }, x, w);
  }
  template <class Group, class Tile>
  SLIMFIT_HD static slimfit::row_gradients<Tile> gradients(Group group, Tile const& x, Tile const& w, Tile const& dy) {
    auto const rate = rate_of(group, x);
    auto const share = sum(
                           group, [](auto v, auto f, auto g) { return v * f * g; }, x, w, dy) *
                       rate * rate / Tile::width;
    return {map([=](auto v, auto f, auto g) { return rate * (g * f - v * share); }, x, w, dy),
            map([=](auto v, auto g) { return v * g * rate; }, x, dy)};
  }

 private:
  template <class Group, class Tile>
  SLIMFIT_HD static auto rate_of(Group group, Tile const& x) {
    using number = typename Tile::value_type;
    return number{1} / std::sqrt(sum(
                                     group, [](auto v) { return v * v; }, x) /
                                     Tile::width +
                                 number{1e-6F});
  }
};
template <int Width, class Stash, slimfit::scalar T>
using rms_norm = slimfit::row_layer<Width, rms_function, Stash, T>;

template <slimfit::vit_shape Shape, class Policy, slimfit::scalar T, class Stash>
struct rms_parts : slimfit::vit_parts<Shape, Policy, T> {
  template <class BlockPolicy>
  using block = slimfit::pre_norm_block<Shape.hidden, Shape.heads, Shape.mlp, BlockPolicy, T, false,
                                        rms_norm<Shape.hidden, Stash, T>>;
  using stack = slimfit::policy_stack<Policy, block, Shape.layers>;
};
