// SPDX-License-Identifier: MIT
// Scores that are no numbers compare as nothing does, so figures of merit made from them would look like figures.
#pragma once

#include <algorithm>
#include <cmath>
#include <slimfit/core/error.hpp>
#include <string>
#include <vector>

namespace examples {

/// @param sample number of it @throws slimfit::value_error
[[noreturn]] inline void report_score(std::size_t sample, double score) {
  throw slimfit::value_error(slimfit::mismatch("score of test sample " + std::to_string(sample), score,
                                               "a finite number: the model has diverged (is the learning rate too "
                                               "high?), or its weights are not sound"));
}

/// @param each scores of a sample
/// @throws slimfit::value_error that names the first sample with a score that is no number
inline void require_finite_scores(std::vector<float> const& scores, std::size_t each) {
  auto const found = std::find_if_not(scores.begin(), scores.end(), [](float score) { return std::isfinite(score); });
  if (found != scores.end()) { report_score(static_cast<std::size_t>(found - scores.begin()) / each, *found); }
}

}  // namespace examples
