// SPDX-License-Identifier: MIT
// GLUE's tasks as what a BERT is trained for: rows become token ids, predictions figures of merit.
#pragma once

#include <cmath>

#include "../data/glue.hpp"
#include "../data/token_samples.hpp"
#include "../metrics/figures.hpp"
#include "../text/encoding.hpp"
#include "../training/classification.hpp"
#include "bert_run.hpp"

namespace examples {

/// @param longest tokens of a text; more are cut off
inline std::vector<token_text> tokenized(bert_tokenizer const& tokenizer, std::vector<glue_sample> const& rows,
                                         bool has_pairs, std::size_t longest) {
  std::vector<token_text> texts;
  for (auto const& row : rows) {
    auto const encoded =
        has_pairs ? tokenizer.encode_pair(row.first, row.second, longest) : tokenizer.encode(row.first, longest);
    texts.push_back({{encoded.ids.begin(), encoded.ids.end()}, {encoded.types.begin(), encoded.types.end()}});
  }
  return texts;
}

/// Judges scores of classes: accuracy, loss, and of two classes F1 and Matthews' correlation.
inline auto judge_of_classes(std::vector<std::int32_t> labels, index_t classes) {
  return [labels = std::move(labels), classes](std::vector<float> const& scores) {
    auto const found = best_classes(scores, classes);
    std::map<std::string, double> figures{{"accuracy", accuracy(found, labels)},
                                          {"loss", mean_cross_entropy(scores, labels, classes)}};
    if (classes == 2) {
      figures["f1"] = f1(found, labels);
      figures["matthews"] = matthews(found, labels);
    }
    return figures;
  };
}
/// Judges predicted numbers: both correlations and the mean squared error.
inline auto judge_of_numbers(std::vector<float> const& labels) {
  return [truth = std::vector<double>(labels.begin(), labels.end())](std::vector<float> const& scores) {
    std::vector<double> const found(scores.begin(), scores.end());
    double squares = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) { squares += (found[i] - truth[i]) * (found[i] - truth[i]); }
    // Constant predictions correlate with nothing.
    auto const number = [](double correlation) { return std::isfinite(correlation) ? correlation : 0; };
    return std::map<std::string, double>{{"pearson", number(pearson(found, truth))},
                                         {"spearman", number(spearman(found, truth))},
                                         {"loss", squares / static_cast<double>(truth.size())}};
  };
}

/// @param limit tokens that texts are filled up to
inline text_task make_task(glue_task const& what, bert_tokenizer const& tokenizer,
                           std::vector<glue_sample> const& train, std::vector<glue_sample> const& test,
                           std::size_t longest, index_t limit) {
  bool const has_pairs = !what.second.empty();
  auto const fill = [&]<class Label>(task<std::int32_t, Label>& work, auto const& label_of) {
    work.name = what.name;
    work.metric = what.metric;
    std::vector<Label> test_labels;
    for (auto const* const rows : {&train, &test}) {
      std::vector<Label> labels;
      for (auto const& row : *rows) { labels.push_back(label_of(row)); }
      auto samples =
          std::make_shared<token_samples<Label>>(tokenized(tokenizer, *rows, has_pairs, longest), labels, limit);
      (rows == &train ? work.train : work.test) = std::move(samples);
      test_labels = std::move(labels);
    }
    return test_labels;
  };
  if (what.classes.empty()) {
    task<std::int32_t, float> work;
    work.judge = judge_of_numbers(fill(work, [](glue_sample const& row) { return row.score; }));
    return work;
  }
  task<std::int32_t, std::int32_t> work;
  work.judge = judge_of_classes(fill(work, [](glue_sample const& row) { return row.label; }), std::ssize(what.classes));
  return work;
}

}  // namespace examples
