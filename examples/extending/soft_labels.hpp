// SPDX-License-Identifier: MIT
// A loss of one's own: cross-entropy with soft labels, i.e. a probability for each class, as label smoothing, mixing of
// images and another network's predictions give them.
#pragma once
#include <slimfit/slimfit.hpp>

#include <cmath>
#include <numeric>

struct soft_cross_entropy {
  template <class Group, class Tile>
  SLIMFIT_HD static slimfit::row_loss_value<Tile> of(Group group, Tile const& scores, Tile const& labels) {
    auto const logs = slimfit::log_softmax(group, scores);
    auto const loss = sum(
        group, [](auto log, auto label) { return -log * label; }, logs, labels);
    return {loss, map([](auto log, auto label) { return slimfit::math::exp(log) - label; }, logs, labels)};
  }
  static void check(std::span<float const> labels) {
    float const total = std::accumulate(labels.begin(), labels.end(), 0.0F);
    if (std::abs(total - 1) > 1e-3F) {
      throw slimfit::value_error(slimfit::mismatch("labels of a sample", total, "numbers that add up to 1"));
    }
  }
};
template <int Classes, slimfit::scalar T>
using soft_cross_entropy_loss = slimfit::row_loss<soft_cross_entropy, Classes, T>;
