// SPDX-License-Identifier: MIT
// GLUE's tasks as what a BERT is trained for: rows become token ids, predictions figures of merit.
#pragma once

#include <cmath>

#include "../data/class_names.hpp"
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
    require_finite_scores(scores, 1);
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

/// Judges the first `matched` samples and the others apart; figures of those have names that end in "_mismatched".
inline auto judge_of_both(std::vector<std::int32_t> const& labels, index_t matched, index_t classes) {
  return [matched = judge_of_classes({labels.begin(), labels.begin() + matched}, classes),
          others = judge_of_classes({labels.begin() + matched, labels.end()}, classes), first = matched * classes,
          classes](std::vector<float> const& scores) {
    require_finite_scores(scores, static_cast<std::size_t>(classes));  // numbers the samples of both
    auto figures = matched({scores.begin(), scores.begin() + first});
    for (auto const& [name, figure] : others({scores.begin() + first, scores.end()})) {
      figures[name + "_mismatched"] = figure;
    }
    return figures;
  };
}

/// What a task is trained and tested on.
struct glue_rows {
  std::vector<glue_sample> train;
  std::vector<glue_sample> test;
  index_t matched = 0;  ///< how many of `test` come before those of a second file
};
/// @param most_train, most_test rows of a file to read; 0: all
/// @throws slimfit::file_error
inline glue_rows read_glue_rows(glue_task const& what, std::string const& folder, index_t most_train,
                                index_t most_test) {
  glue_rows rows{read_glue(what, folder, "train", most_train), read_glue(what, folder, what.dev, most_test)};
  rows.matched = std::ssize(rows.test);
  if (!what.mismatched_dev.empty()) {
    auto const others = read_glue(what, folder, what.mismatched_dev, most_test);
    rows.test.insert(rows.test.end(), others.begin(), others.end());
  }
  return rows;
}

/// @param longest tokens of a text; more are cut off
/// @param names of the classes, in the order that the model has them
inline text_task make_task(glue_task const& what, bert_tokenizer const& tokenizer, glue_rows const& rows,
                           std::size_t longest, token_table const& table, class_names const& names) {
  bool const has_pairs = !what.second.empty();
  auto const fill = [&]<class Label>(task<std::int32_t, Label>& work, auto const& label_of) {
    work.name = what.name;
    work.metric = what.metric;
    work.second_metric = what.second_metric;
    auto const samples = [&](std::vector<glue_sample> const& of) {
      std::vector<Label> labels;
      for (auto const& row : of) { labels.push_back(label_of(row)); }
      return std::make_shared<token_samples<Label>>(tokenized(tokenizer, of, has_pairs, longest), std::move(labels),
                                                    table);
    };
    work.train = samples(rows.train);
    work.test = samples(rows.test);
  };
  if (what.classes.empty()) {
    task<std::int32_t, float> work;
    fill(work, [](glue_sample const& row) { return row.score; });
    std::vector<float> scores;
    for (auto const& row : rows.test) { scores.push_back(row.score); }
    work.judge = judge_of_numbers(scores);
    return work;
  }
  task<std::int32_t, std::int32_t> work;
  fill(work, [&](glue_sample const& row) { return names.numbers[static_cast<std::size_t>(row.label)]; });
  // Judged in the task's own order, which says which class F1 is about.
  std::vector<std::int32_t> labels;
  for (auto const& row : rows.test) { labels.push_back(row.label); }
  index_t const classes = std::ssize(what.classes);
  auto judge = what.mismatched_dev.empty() ? std::function(judge_of_classes(std::move(labels), classes))
                                           : std::function(judge_of_both(labels, rows.matched, classes));
  work.judge = [judge = std::move(judge), names](std::vector<float> const& scores) {
    return judge(in_order_of_task(scores, names));
  };
  return work;
}

}  // namespace examples
