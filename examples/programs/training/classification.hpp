// SPDX-License-Identifier: MIT
// Judges class scores: accuracy and mean cross-entropy.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <slimfit/core/config.hpp>

#include "../metrics/finite_scores.hpp"

namespace examples {

/// The class with the largest score of each sample; ties go to the lowest.
/// @throws slimfit::value_error for the first sample with a score that is no number
inline std::vector<std::int32_t> best_classes(std::vector<float> const& scores, slimfit::index_t classes) {
  require_finite_scores(scores, static_cast<std::size_t>(classes));
  std::vector<std::int32_t> result;
  for (auto first = scores.begin(); first != scores.end(); first += classes) {
    result.push_back(static_cast<std::int32_t>(std::max_element(first, first + classes) - first));
  }
  return result;
}

/// Mean of log-sum-exp(scores) - scores[label].
inline double mean_cross_entropy(std::vector<float> const& scores, std::vector<std::int32_t> const& labels,
                                 slimfit::index_t classes) {
  double total = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto const* const own = scores.data() + static_cast<slimfit::index_t>(i) * classes;
    double const largest = *std::max_element(own, own + classes);
    double sum = 0;
    for (slimfit::index_t c = 0; c < classes; ++c) { sum += std::exp(own[c] - largest); }
    total += std::log(sum) + largest - own[labels[i]];
  }
  return total / static_cast<double>(labels.size());
}

/// A judge that says "accuracy" and "loss".
inline std::function<std::map<std::string, double>(std::vector<float> const&)> classification_judge(
    std::vector<std::int32_t> labels, slimfit::index_t classes) {
  return [labels = std::move(labels), classes](std::vector<float> const& scores) {
    auto const found = best_classes(scores, classes);
    double correct = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) { correct += found[i] == labels[i] ? 1 : 0; }
    return std::map<std::string, double>{{"accuracy", correct / static_cast<double>(labels.size())},
                                         {"loss", mean_cross_entropy(scores, labels, classes)}};
  };
}

}  // namespace examples
