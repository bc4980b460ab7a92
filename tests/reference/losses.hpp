// SPDX-License-Identifier: MIT
// Losses of one sample and their gradients, from the formulas, in plain loops.
#pragma once

#include <cmath>
#include <vector>

namespace slimfit::reference {

struct loss_and_gradient {
  double loss = 0;
  std::vector<double> gradient;
};

/// -log(softmax(scores)[label])
inline loss_and_gradient cross_entropy(std::vector<double> const& scores, std::size_t label) {
  double total = 0;
  for (double const score : scores) { total += std::exp(score); }
  loss_and_gradient result{std::log(total) - scores[label], {}};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    result.gradient.push_back(std::exp(scores[i]) / total - (i == label ? 1 : 0));
  }
  return result;
}

/// The mean of two cross-entropies over tokens. @param scores two of each token: first, last
inline loss_and_gradient span_cross_entropy(std::vector<double> const& scores, std::size_t first, std::size_t last) {
  loss_and_gradient result{0, std::vector<double>(scores.size())};
  for (std::size_t end = 0; end < 2; ++end) {
    std::vector<double> own;
    for (std::size_t i = end; i < scores.size(); i += 2) { own.push_back(scores[i]); }
    auto const part = cross_entropy(own, end == 0 ? first : last);
    result.loss += part.loss / 2;
    for (std::size_t i = 0; i < own.size(); ++i) { result.gradient[2 * i + end] = part.gradient[i] / 2; }
  }
  return result;
}

}  // namespace slimfit::reference
