// SPDX-License-Identifier: MIT
// The tasks of GLUE (Wang et al. 2019) and their files as they are published.
#pragma once

#include <charconv>
#include <string>
#include <vector>

#include "tsv.hpp"

namespace examples {

/// A row: one text or two, and a class or a score.
struct glue_sample {
  std::string first;
  std::string second;  ///< empty where the task has one text
  std::int32_t label = 0;
  float score = 0;
};

/// What a task asks, and where its files have it.
struct glue_task {
  std::string name{};
  std::string folder{};                ///< as GLUE's archive names it
  std::string dev{};                   ///< name of the file to test on, without ".tsv"
  std::string first{};                 ///< heading of the first text; CoLA has no headings
  std::string second{};                ///< of the second; empty: there is one text
  std::string label{};                 ///< of the class or score
  std::vector<std::string> classes{};  ///< as the files write them, in Hugging Face's order; empty: a score
  std::string metric{};                ///< that stands for the task
  std::string second_metric{};         ///< that GLUE reports beside it; empty: none
  std::string mismatched_dev{};  ///< name of a second file to test on, of texts unlike those trained on; empty: none
  std::vector<std::string> names{};  ///< of the classes, where the files have numbers; empty: as in `classes`
};

/// All tasks.
inline std::vector<glue_task> const& glue_tasks() {
  static std::vector<glue_task> const tasks{
      {.name = "cola",
       .folder = "CoLA",
       .dev = "dev",
       .classes = {"0", "1"},
       .metric = "matthews",
       .names = {"unacceptable", "acceptable"}},
      {.name = "sst2",
       .folder = "SST-2",
       .dev = "dev",
       .first = "sentence",
       .label = "label",
       .classes = {"0", "1"},
       .metric = "accuracy",
       .names = {"negative", "positive"}},
      {.name = "mrpc",
       .folder = "MRPC",
       .dev = "dev",
       .first = "#1 String",
       .second = "#2 String",
       .label = "Quality",
       .classes = {"0", "1"},
       .metric = "f1",
       .second_metric = "accuracy",
       .names = {"not_equivalent", "equivalent"}},
      {"stsb", "STS-B", "dev", "sentence1", "sentence2", "score", {}, "pearson", "spearman"},
      {.name = "qqp",
       .folder = "QQP",
       .dev = "dev",
       .first = "question1",
       .second = "question2",
       .label = "is_duplicate",
       .classes = {"0", "1"},
       .metric = "f1",
       .second_metric = "accuracy",
       .names = {"not_duplicate", "duplicate"}},
      {"mnli",
       "MNLI",
       "dev_matched",
       "sentence1",
       "sentence2",
       "gold_label",
       {"entailment", "neutral", "contradiction"},
       "accuracy",
       "accuracy_mismatched",
       "dev_mismatched"},
      {"qnli", "QNLI", "dev", "question", "sentence", "label", {"entailment", "not_entailment"}, "accuracy", ""},
      {"rte", "RTE", "dev", "sentence1", "sentence2", "label", {"entailment", "not_entailment"}, "accuracy", ""}};
  return tasks;
}

namespace detail {
inline float score_of(tsv_file const& file, std::size_t row, std::string const& text) {
  float value = 0;
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 5)) {
    file.refuse(row, "has score \"" + text + "\"", "a number from 0 to 5");
  }
  return value;
}
inline std::int32_t class_of(tsv_file const& file, std::size_t row, std::string const& text, glue_task const& task) {
  auto const found = std::find(task.classes.begin(), task.classes.end(), text);
  if (found == task.classes.end()) {
    std::string known;
    for (auto const& each : task.classes) { known += (known.empty() ? "" : ", ") + each; }
    file.refuse(row, "has label \"" + text + "\"", "one of " + known);
  }
  return static_cast<std::int32_t>(found - task.classes.begin());
}
}  // namespace detail

/// Reads one file of a task. @param most rows to read; 0: all
/// @throws slimfit::file_error
inline std::vector<glue_sample> read_glue_file(glue_task const& task, std::string const& path,
                                               slimfit::index_t most = 0) {
  bool const has_heading = !task.first.empty();
  constexpr std::size_t columns_of_cola = 4;
  tsv_file const file(path, has_heading, columns_of_cola);
  // CoLA: source, label, the author's mark, sentence.
  auto const first = has_heading ? file.column(task.first) : 3;
  auto const second = task.second.empty() ? 0 : file.column(task.second);
  auto const label = has_heading ? file.column(task.label) : 1;
  std::vector<glue_sample> samples;
  for (std::size_t row = 0; row < file.size(); ++row) {
    if (most > 0 && std::ssize(samples) >= most) { break; }
    // QQP's files hold some rows that were cut; its own reader skips them.
    if (task.name == "qqp" && file.columns(row) <= std::max({first, second, label})) { continue; }
    file.require_columns(row);
    auto& sample = samples.emplace_back();
    sample.first = file.at(row, first);
    if (!task.second.empty()) { sample.second = file.at(row, second); }
    auto const& text = file.at(row, label);
    if (task.classes.empty()) {
      sample.score = detail::score_of(file, row, text);
    } else {
      sample.label = detail::class_of(file, row, text, task);
    }
  }
  if (samples.empty()) { file.refuse(file.size() - 1, "is the last, and all are cut short", "at least one whole row"); }
  return samples;
}

/// Reads `folder/part.tsv`.
inline std::vector<glue_sample> read_glue(glue_task const& task, std::string const& folder, std::string const& part,
                                          slimfit::index_t most = 0) {
  return read_glue_file(task, folder + "/" + part + ".tsv", most);
}

}  // namespace examples
