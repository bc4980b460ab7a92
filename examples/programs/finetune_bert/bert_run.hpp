// SPDX-License-Identifier: MIT
// What a run of finetune_bert is told, and the models it is compiled for.
#pragma once

#include <iterator>
#include <slimfit/models/bert_network.hpp>
#include <variant>

#include "../training/runs.hpp"
#include "../training/task.hpp"
#include "compiled_models.hpp"

namespace examples {

/// Tokens that a text may have: the rows of BERT's position table. Batches have as many as their longest text.
inline constexpr int token_limit = 512;

/// A model that the program is compiled for, without its head.
struct bert_model {
  char const* name;
  slimfit::bert_shape shape;
};
/// all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019).
inline constexpr bert_model minilm_l6{"minilm-l6",
                                      {.hidden = 384,
                                       .heads = 12,
                                       .mlp = 1536,
                                       .layers = 6,
                                       .tokens = token_limit,
                                       .hidden_dropout = 10,
                                       .attention_dropout = 10}};
inline constexpr bert_model bert_base_uncased{"bert-base-uncased",
                                              {.tokens = token_limit, .hidden_dropout = 10, .attention_dropout = 10}};
inline constexpr bert_model bert_base_cased{
    "bert-base-cased", {.vocabulary = 28996, .tokens = token_limit, .hidden_dropout = 10, .attention_dropout = 10}};
/// For tests.
inline constexpr bert_model bert_tiny{"bert-tiny",
                                      {.vocabulary = 300,
                                       .hidden = 32,
                                       .heads = 2,
                                       .mlp = 64,
                                       .layers = 2,
                                       .tokens = token_limit,
                                       .hidden_dropout = 10,
                                       .attention_dropout = 10}};

/// Those of them that CMake's SLIMFIT_BERT_MODELS names, by number.
inline constexpr bert_model bert_models[]{SLIMFIT_BERT_MODELS};
inline constexpr int bert_model_count = static_cast<int>(std::size(bert_models));

/// `shape` with a head.
constexpr slimfit::bert_shape with_head(slimfit::bert_shape shape, slimfit::bert_head head, int classes) {
  shape.head = head;
  shape.classes = classes;
  return shape;
}

/// Classes and places in the text have integers as labels, scores have numbers.
using text_task = std::variant<task<std::int32_t, std::int32_t>, task<std::int32_t, float>>;

struct bert_run {
  run_request const& request;
  text_task const& task;
  int model;  ///< number in bert_models
  slimfit::bert_head head;
  int classes;                      ///< 2 or 3 of a classification, else 1
  bool keeps_head;                  ///< whether the start's classifier is for this task
  std::vector<std::string> labels;  ///< names of the classes, in the model's order; empty: they have none
  std::string start;                ///< folder of pretrained weights; empty: random ones
  std::string save;                 ///< folder for the weights in the end; empty: none
};

/// Facts about a model for the report.
nlohmann::json describe_model(int model, slimfit::bert_head head, int classes);

}  // namespace examples
