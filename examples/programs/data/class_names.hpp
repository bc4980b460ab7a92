// SPDX-License-Identifier: MIT
// Which number a model gives to each class of a task: that of the class's name in the checkpoint that it starts from.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <vector>

#include <slimfit/huggingface/config.hpp>

#include "glue.hpp"

namespace examples {

struct class_names {
  std::vector<std::string> names;     ///< by the model's number
  std::vector<std::int32_t> numbers;  ///< the model's, by the task's
  bool assumed = false;               ///< whether the checkpoint says nothing but LABEL_0, LABEL_1, ...
};

/// The task's own names and numbers, for a classifier that starts anew.
inline class_names own_class_names(glue_task const& task) {
  class_names own{task.names.empty() ? task.classes : task.names, {}};
  for (std::size_t i = 0; i < own.names.size(); ++i) { own.numbers.push_back(static_cast<std::int32_t>(i)); }
  return own;
}

namespace detail {

/// Names are compared as Hugging Face's scripts do it: "ENTAILMENT" is "entailment".
inline std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return text;
}
inline std::string listed(std::vector<std::string> const& names) {
  std::string text;
  for (auto const& each : names) { text += (text.empty() ? "" : ", ") + each; }
  return text;
}
/// Where `wanted` stands among the names; their count when it does not, or more than once.
inline std::size_t place_of(std::string const& wanted, std::vector<std::string> const& names) {
  std::size_t place = names.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (lower(names[i]) != lower(wanted)) { continue; }
    if (place != names.size()) { return names.size(); }
    place = i;
  }
  return place;
}

}  // namespace detail

/// The names that the classifier of a checkpoint has learnt, with the task's classes under them.
/// @param path of config.json, for messages
/// @throws slimfit::file_error when the checkpoint's classes are others than the task's
inline class_names checkpoint_class_names(glue_task const& task, slimfit::huggingface_config const& config,
                                          std::string const& path) {
  auto own = own_class_names(task);
  if (!config.labels_agree) {
    throw slimfit::file_error("slimfit: " + path +
                              ": id2label and label2id disagree, expected the same classes in both");
  }
  bool plain = true;
  for (std::size_t i = 0; i < config.labels.size(); ++i) {
    plain = plain && detail::lower(config.labels[i]) == "label_" + std::to_string(i);
  }
  if (plain) {
    own.assumed = true;
    return own;
  }
  class_names found{config.labels, {}};
  for (std::size_t i = 0; i < own.names.size(); ++i) {
    auto place = detail::place_of(own.names[i], config.labels);
    if (place == config.labels.size()) { place = detail::place_of(task.classes[i], config.labels); }
    if (place == config.labels.size()) {
      throw slimfit::file_error("slimfit: " + path + ": the classes are " + detail::listed(config.labels) +
                                ", expected those of " + task.name + ", " + detail::listed(own.names) +
                                "; with --new-classifier the classifier starts anew");
    }
    found.numbers.push_back(static_cast<std::int32_t>(place));
  }
  return found;
}

/// Scores of classes by the model's numbers, put in the order of the task's.
inline std::vector<float> in_order_of_task(std::vector<float> const& scores, class_names const& names) {
  auto const classes = names.numbers.size();
  std::vector<float> ordered(scores.size());
  for (std::size_t first = 0; first < scores.size(); first += classes) {
    for (std::size_t i = 0; i < classes; ++i) {
      ordered[first + i] = scores[first + static_cast<std::size_t>(names.numbers[i])];
    }
  }
  return ordered;
}

}  // namespace examples
