// SPDX-License-Identifier: MIT
// Figures of merit of predictions: those of GLUE. Equal to scikit-learn's and SciPy's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace examples {

/// Share of predictions that are the label.
inline double accuracy(std::vector<std::int32_t> const& predicted, std::vector<std::int32_t> const& labels) {
  double correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) { correct += predicted[i] == labels[i] ? 1 : 0; }
  return labels.empty() ? 0 : correct / static_cast<double>(labels.size());
}

/// How often each pair of prediction and label occurs, for two classes.
struct confusion {
  double true_positive = 0, false_positive = 0, false_negative = 0, true_negative = 0;

  confusion(std::vector<std::int32_t> const& predicted, std::vector<std::int32_t> const& labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      auto& count = predicted[i] == 1 ? (labels[i] == 1 ? true_positive : false_positive)
                                      : (labels[i] == 1 ? false_negative : true_negative);
      ++count;
    }
  }
};

/// F1 of class 1: the harmonic mean of precision and recall; 0 where nothing is predicted or labelled so.
inline double f1(std::vector<std::int32_t> const& predicted, std::vector<std::int32_t> const& labels) {
  confusion const c(predicted, labels);
  double const total = 2 * c.true_positive + c.false_positive + c.false_negative;
  return total > 0 ? 2 * c.true_positive / total : 0;
}

/// Matthews' correlation of two classes; 0 where one of them is never predicted or never labelled.
inline double matthews(std::vector<std::int32_t> const& predicted, std::vector<std::int32_t> const& labels) {
  confusion const c(predicted, labels);
  double const product = (c.true_positive + c.false_positive) * (c.true_positive + c.false_negative) *
                         (c.true_negative + c.false_positive) * (c.true_negative + c.false_negative);
  double const covariance = c.true_positive * c.true_negative - c.false_positive * c.false_negative;
  return product > 0 ? covariance / std::sqrt(product) : 0;
}

/// Pearson's correlation; nan where one side is constant.
inline double pearson(std::vector<double> const& a, std::vector<double> const& b) {
  auto const count = static_cast<double>(a.size());
  double const mean_a = std::accumulate(a.begin(), a.end(), 0.0) / count;
  double const mean_b = std::accumulate(b.begin(), b.end(), 0.0) / count;
  double both = 0;
  double square_a = 0;
  double square_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean_a) * (b[i] - mean_b);
    square_a += (a[i] - mean_a) * (a[i] - mean_a);
    square_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return both / (std::sqrt(square_a) * std::sqrt(square_b));
}

/// Ranks from 1 on; equal values have the mean of their ranks.
inline std::vector<double> ranks(std::vector<double> const& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t first = 0; first < order.size();) {
    auto end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) { ++end; }
    for (std::size_t i = first; i < end; ++i) { result[order[i]] = static_cast<double>(first + 1 + end) / 2; }
    first = end;
  }
  return result;
}

/// Spearman's rank correlation; nan where one side is constant, or has numbers without a rank.
inline double spearman(std::vector<double> const& a, std::vector<double> const& b) {
  auto const finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(a.begin(), a.end(), finite) || !std::all_of(b.begin(), b.end(), finite)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return pearson(ranks(a), ranks(b));
}

}  // namespace examples
