// SPDX-License-Identifier: MIT
// One run of finetune_bert under a policy on a backend.
#pragma once

#include <slimfit/huggingface.hpp>

#include "../training/start_report.hpp"
#include "../training/train_run.hpp"
#include "bert_heads.hpp"
#include "bert_run.hpp"

namespace examples {

template <class Model, class Ranks>
run_outcome train_model(bert_run const& run, Ranks const& ranks) {
  using label_type = typename Model::network_type::loss_type::label_type;
  auto const load = [&](Model& net) {
    if (run.start.empty()) { return; }
    slimfit::huggingface_load_options options;
    // A model that has learnt a task with other classes gives all but its classifier.
    if (!run.keeps_head) {
      options.except.push_back(run.head == slimfit::bert_head::span ? "qa_outputs" : "classifier");
    }
    tell_start(run.start, slimfit::load_huggingface(net, run.start, options));
  };
  auto const save = [&](Model const& net) {
    if (!run.save.empty()) {
      slimfit::save_huggingface(net, run.save,
                                {.type = slimfit::dtype_of_name(run.request.options.save_type), .labels = run.labels});
    }
  };
  return training_run<Model, Ranks>(run.request, std::get<task<std::int32_t, label_type>>(run.task), load, save, ranks)
      .run();
}

/// @param ranks a communicator, e.g. slimfit::single
template <class Policy, class Device, class T, class Ranks>
run_outcome train_bert(bert_run const& run, Ranks const& ranks) {
  return with_bert_shape(run.model, run.head, run.classes, [&]<slimfit::bert_shape Shape>() {
    return train_model<slimfit::bert<Shape, Policy, Device, T>>(run, ranks);
  });
}

}  // namespace examples
