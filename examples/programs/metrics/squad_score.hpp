// SPDX-License-Identifier: MIT
// SQuAD 2.0's figures of merit (Rajpurkar et al. 2018): exact match and F1 of answers, and the threshold above which it
// is best to say that there is no answer; as the official script computes them.
#pragma once

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "answer_text.hpp"
#include "finite_scores.hpp"

namespace examples {

/// What was said to a question, and what would have been right.
struct squad_prediction {
  std::string answer;              ///< empty: there is none
  double no_answer_score = 0;      ///< the larger, the surer that there is none
  std::vector<std::string> truth;  ///< all answers that count as right; empty: there is none
};

/// Figures of all questions or of some, in percent.
struct squad_figures {
  double exact = 0;
  double f1 = 0;
};

struct squad_scores {
  squad_figures all;         ///< with answers withheld whose score is above the threshold
  squad_figures answerable;  ///< of questions that have an answer; 0 where there are none
  squad_figures unanswerable;
  squad_figures best;  ///< with the best threshold of each
  double best_exact_threshold = 0;
  double best_f1_threshold = 0;
};

namespace detail {

/// 1 or 0.
inline double exact_match(std::vector<std::string> const& truth, std::vector<std::string> const& answer) {
  return truth == answer ? 1 : 0;
}
/// The harmonic mean of precision and recall of words.
inline double word_f1(std::vector<std::string> const& truth, std::vector<std::string> const& answer) {
  if (truth.empty() || answer.empty()) { return exact_match(truth, answer); }
  std::map<std::string, int> counts;
  for (auto const& word : truth) { ++counts[word]; }
  double same = 0;
  for (auto const& word : answer) { same += counts[word]-- > 0 ? 1 : 0; }
  if (same == 0) { return 0; }
  double const precision = same / static_cast<double>(answer.size());
  double const recall = same / static_cast<double>(truth.size());
  return 2 * precision * recall / (precision + recall);
}

struct raw_score {
  double exact = 0;
  double f1 = 0;
};
inline raw_score score_of(squad_prediction const& one) {
  auto const answer = answer_words(one.answer);
  raw_score best;
  bool any = false;
  for (auto const& each : one.truth) {
    auto const truth = answer_words(each);
    if (truth.empty()) { continue; }  // an answer of articles and punctuation only
    any = true;
    best.exact = std::max(best.exact, exact_match(truth, answer));
    best.f1 = std::max(best.f1, word_f1(truth, answer));
  }
  if (!any) { best.exact = best.f1 = answer.empty() ? 1 : 0; }
  return best;
}

/// The best mean over thresholds, and the threshold.
inline std::pair<double, double> best_threshold(std::vector<squad_prediction> const& all,
                                                std::vector<double> const& scores) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return all[a].no_answer_score < all[b].no_answer_score; });
  // At first nothing is answered.
  double current = 0;
  for (auto const& one : all) { current += one.truth.empty() ? 1 : 0; }
  std::pair best{current, 0.0};
  for (auto const i : order) {
    if (!all[i].truth.empty()) {
      current += scores[i];
    } else if (!all[i].answer.empty()) {
      current -= 1;
    }
    if (current > best.first) { best = {current, all[i].no_answer_score}; }
  }
  best.first *= 100 / static_cast<double>(all.size());
  return best;
}

}  // namespace detail

/// @param threshold no-answer scores above it withhold the answer
/// @throws slimfit::value_error for the first question whose score is no number
inline squad_scores score_squad(std::vector<squad_prediction> const& all, double threshold = 1) {
  std::vector<double> exact;
  std::vector<double> f1;
  squad_scores result;
  struct {
    double exact = 0, f1 = 0, count = 0;
    [[nodiscard]] squad_figures mean() const {
      return count > 0 ? squad_figures{100 * exact / count, 100 * f1 / count} : squad_figures{};
    }
  } sums[2];
  for (auto const& one : all) {
    if (std::isnan(one.no_answer_score)) { report_score(exact.size(), one.no_answer_score); }
    auto const raw = detail::score_of(one);
    exact.push_back(raw.exact);
    f1.push_back(raw.f1);
    bool const answerable = !one.truth.empty();
    bool const withheld = one.no_answer_score > threshold;
    double const nothing = answerable ? 0 : 1;
    auto& sum = sums[answerable ? 1 : 0];
    sum.exact += withheld ? nothing : raw.exact;
    sum.f1 += withheld ? nothing : raw.f1;
    ++sum.count;
  }
  result.unanswerable = sums[0].mean();
  result.answerable = sums[1].mean();
  sums[0].exact += sums[1].exact;
  sums[0].f1 += sums[1].f1;
  sums[0].count += sums[1].count;
  result.all = sums[0].mean();
  if (!all.empty()) {
    std::tie(result.best.exact, result.best_exact_threshold) = detail::best_threshold(all, exact);
    std::tie(result.best.f1, result.best_f1_threshold) = detail::best_threshold(all, f1);
  }
  return result;
}

}  // namespace examples
