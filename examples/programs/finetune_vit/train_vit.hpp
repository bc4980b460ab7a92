// SPDX-License-Identifier: MIT
// One run of finetune_vit under a policy on a backend.
#pragma once

#include <slimfit/huggingface.hpp>

#include "../training/start_report.hpp"
#include "../training/train_run.hpp"
#include "vit_run.hpp"

namespace examples {

template <class Model, class Ranks>
run_outcome train_model(vit_run const& run, Ranks const& ranks) {
  auto const load = [&](Model& net) {
    if (!run.start.empty()) {
      slimfit::load(net, run.start, {.except = {"classifier"}});
    } else if (!run.model.empty()) {
      tell_start(run.model,
                 slimfit::load_huggingface(net, run.model, {.except = {"classifier"}, .fold_layer_scale = true}));
    }
  };
  auto const save = [&](Model const& net) {
    auto const type = slimfit::dtype_of_name(run.request.options.save_type);
    if (run.save.ends_with(".safetensors")) {
      slimfit::save(net, run.save, type);
    } else if (!run.save.empty()) {
      slimfit::save_huggingface(net, run.save, {.type = type, .labels = run.labels});
    }
  };
  return training_run<Model, Ranks>(run.request, run.task, load, save, ranks).run();
}

/// @param ranks a communicator, e.g. slimfit::single
template <class Policy, class Device, class T, class Ranks>
run_outcome train_vit(vit_run const& run, Ranks const& ranks) {
  return with_vit_shape(run.shape, [&]<slimfit::vit_shape Shape>() {
    return train_model<slimfit::vit<Shape, Policy, Device, T>>(run, ranks);
  });
}

}  // namespace examples
