// SPDX-License-Identifier: MIT
// A loss that compares the row of a sample's scores with the row of its labels, and what such losses are made of.
#pragma once

#include <cmath>

#include <slimfit/core/math.hpp>
#include <slimfit/kernels/sample_result.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit {

/// What the function of a row loss gives: the sample's loss, and its gradient with respect to the scores.
template <class Tile>
struct row_loss_value {
  typename Tile::value_type loss;  ///< the same on every lane
  Tile gradient;
};

/// The greatest element of a row, the same on every lane.
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline T largest(Group group, tile<T, Width, Group> const& row) {
  using tile_type = tile<T, Width, Group>;
  T found = -math::infinity<T>;
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    if (tile_type::holds(group.lane(), slot)) { found = greater(found, row.values[slot]); }
  }
  return group.template reduce<Group::size>(found, maximum{});
}
/// Where that is: the lowest such element; in a row of NaNs its width.
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline int index_of_largest(Group group, tile<T, Width, Group> const& row) {
  using tile_type = tile<T, Width, Group>;
  T const greatest = largest(group, row);
  int found = Width;
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    int const lane = group.lane();
    if (tile_type::holds(lane, slot) && row.values[slot] == greatest) {
      found = lesser(found, tile_type::element(lane, slot));
    }
  }
  return group.template reduce<Group::size>(found, minimum{});
}

/// Logarithms of a row's softmax: x - log(sum of exp(x)).
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline tile<T, Width, Group> log_softmax(Group group, tile<T, Width, Group> const& row) {
  T const greatest = largest(group, row);
  T const total = sum(
      group, [greatest](T x) { return math::exp(x - greatest); }, row);
  T const subtracted = greatest + std::log(total);
  return map([subtracted](T x) { return x - subtracted; }, row);
}

namespace kernels {

/// One sample: its result and, times `scale`, its gradient. A sample is correct where the largest score and the largest
/// label have the same place.
/// @tparam Function see layers/row_loss.hpp
template <class Function, int Width, scalar T>
struct row_loss {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* scores;      ///< samples x Width
  float const* labels;  ///< samples x Width
  compute_type<T> scale;
  T* gradient;  ///< as the scores; null: nobody needs it
  sample_result* results;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t sample) const {
    auto const row = load<Width>(group, scores + sample * Width);
    auto const given = load<Width>(group, labels + sample * Width);
    auto const wanted = map([](float label, auto x) { return static_cast<decltype(x)>(label); }, given, row);
    auto const found = Function::of(group, row, wanted);
    int const predicted = index_of_largest(group, row);
    bool const correct = predicted == index_of_largest(group, given);
    if (group.lane() == 0) { results[sample] = {static_cast<double>(found.loss), correct ? 1 : 0, predicted}; }
    if (gradient == nullptr) { return; }
    store(group, gradient + sample * Width, map([factor = scale](auto x) { return x * factor; }, found.gradient));
  }
};

}  // namespace kernels

}  // namespace slimfit
