// SPDX-License-Identifier: MIT
// SQuAD 2.0 as what a BERT is trained for. A question and as much of its paragraph as there is room for make a window;
// windows overlap. Where a window has not the whole answer, the model is to point at [CLS].
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "../data/squad.hpp"
#include "../data/token_samples.hpp"
#include "../metrics/squad_score.hpp"
#include "../text/encoding.hpp"
#include "../training/task.hpp"

namespace examples {

/// How paragraphs are cut.
struct squad_windows {
  std::size_t longest = 384;  ///< tokens of a window
  std::size_t stride = 128;   ///< tokens that neighbours share
};

struct squad_window {
  std::size_t question;
  encoding tokens;
};

inline std::vector<squad_window> windows_of(squad_set const& set, bert_tokenizer const& tokenizer,
                                            squad_windows const& how) {
  std::vector<squad_window> windows;
  for (std::size_t i = 0; i < set.questions.size(); ++i) {
    auto const& one = set.questions[i];
    try {
      for (auto& tokens : tokenizer.pair_windows(one.question, set.contexts[one.context], how.longest, how.stride)) {
        windows.push_back({i, std::move(tokens)});
      }
    } catch (slimfit::value_error const& problem) {
      throw slimfit::value_error("slimfit: " + set.path + ": question " + one.id +
                                 " leaves no room for its paragraph: " + problem.what() +
                                 ". Expected more --max-tokens, a smaller --stride, or a shorter question");
    }
  }
  return windows;
}

/// First and last token of the answer, or [CLS] twice.
inline std::pair<std::int32_t, std::int32_t> answer_in(encoding const& tokens, squad_question const& one) {
  if (one.answers.empty()) { return {0, 0}; }
  std::int32_t first = -1;
  std::int32_t last = -1;
  for (std::size_t i = 0; i < tokens.ids.size(); ++i) {
    if (tokens.sequence[i] != 1) { continue; }
    auto const& bytes = tokens.offsets[i];
    if (first < 0 && bytes.last > one.first) {
      if (bytes.first > one.first) { return {0, 0}; }  // it begins before the window
      first = static_cast<std::int32_t>(i);
    }
    if (first >= 0 && last < 0 && bytes.last >= one.last) { last = static_cast<std::int32_t>(i); }
  }
  if (first < 0 || last < 0) { return {0, 0}; }
  return {first, last};
}

/// The best answer of a window, if any, and how much more the model believes in none.
struct window_answer {
  byte_span bytes;
  double score = -std::numeric_limits<double>::infinity();
  double none = 0;  ///< score of [CLS]
};
/// @param scores of each token for being first and last
inline window_answer best_answer(encoding const& tokens, float const* scores) {
  constexpr std::size_t most_tokens = 30;
  window_answer best;
  best.none = static_cast<double>(scores[0]) + static_cast<double>(scores[1]);
  for (std::size_t first = 0; first < tokens.ids.size(); ++first) {
    if (tokens.sequence[first] != 1) { continue; }
    for (auto last = first; last < std::min(first + most_tokens, tokens.ids.size()); ++last) {
      if (tokens.sequence[last] != 1) { break; }
      double const score = static_cast<double>(scores[2 * first]) + static_cast<double>(scores[2 * last + 1]);
      if (score > best.score) {
        best.score = score;
        best.bytes = {tokens.offsets[first].first, tokens.offsets[last].last};
      }
    }
  }
  return best;
}

/// What is said to every question, from the scores of all windows in their order.
/// @throws slimfit::value_error for the first question with a score that is no number
inline std::vector<squad_prediction> predictions_of(squad_set const& set, std::vector<squad_window> const& windows,
                                                    std::vector<float> const& scores, index_t limit) {
  std::vector<window_answer> best(set.questions.size());
  for (auto& each : best) { each.none = std::numeric_limits<double>::infinity(); }
  for (std::size_t w = 0; w < windows.size(); ++w) {
    auto const* const first = scores.data() + static_cast<index_t>(w) * 2 * limit;
    auto const* const end = first + 2 * windows[w].tokens.ids.size();  // padding has scores of -infinity
    auto const* const broken = std::find_if_not(first, end, [](float score) { return std::isfinite(score); });
    if (broken != end) { report_score(windows[w].question, *broken); }
    auto const own = best_answer(windows[w].tokens, first);
    auto& all = best[windows[w].question];
    all.none = std::min(all.none, own.none);
    if (own.score > all.score) {
      all.score = own.score;
      all.bytes = own.bytes;
    }
  }
  std::vector<squad_prediction> predictions;
  for (std::size_t i = 0; i < best.size(); ++i) {
    auto const& question = set.questions[i];
    auto const& context = set.contexts[question.context];
    predictions.push_back({context.substr(best[i].bytes.first, best[i].bytes.last - best[i].bytes.first),
                           best[i].none - best[i].score, question.answers});
  }
  return predictions;
}

inline task<std::int32_t, std::int32_t> make_squad_task(bert_tokenizer const& tokenizer, squad_set const& train,
                                                        squad_set test, squad_windows const& how,
                                                        token_table const& table) {
  task<std::int32_t, std::int32_t> work;
  work.name = "squad2";
  work.metric = "f1";
  work.second_metric = "exact";
  auto const samples = [&](squad_set const& set, std::vector<squad_window> const& windows) {
    std::vector<token_text> texts;
    std::vector<std::int32_t> labels;
    for (auto const& [question, tokens] : windows) {
      texts.push_back({{tokens.ids.begin(), tokens.ids.end()}, {tokens.types.begin(), tokens.types.end()}});
      auto const [first, last] = answer_in(tokens, set.questions[question]);
      labels.push_back(first);
      labels.push_back(last);
    }
    return std::make_shared<token_samples<std::int32_t>>(std::move(texts), std::move(labels), table);
  };
  work.train = samples(train, windows_of(train, tokenizer, how));
  auto windows = windows_of(test, tokenizer, how);
  work.test = samples(test, windows);
  work.judge = [test = std::move(test), windows = std::move(windows),
                limit = table.limit](std::vector<float> const& scores) {
    auto const result = score_squad(predictions_of(test, windows, scores, limit), 0);
    return std::map<std::string, double>{{"exact", result.all.exact / 100},
                                         {"f1", result.all.f1 / 100},
                                         {"answerable_f1", result.answerable.f1 / 100},
                                         {"unanswerable_f1", result.unanswerable.f1 / 100},
                                         {"best_exact", result.best.exact / 100},
                                         {"best_f1", result.best.f1 / 100},
                                         {"best_f1_threshold", result.best_f1_threshold}};
  };
  return work;
}

}  // namespace examples
