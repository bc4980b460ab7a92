// SPDX-License-Identifier: MIT
// A model's scores of a batch.
#pragma once

#include <slimfit/memory/arena.hpp>
#include <slimfit/pass/context.hpp>
#include <slimfit/train/batch_buffers.hpp>

#include <vector>

#include "gradients.hpp"

namespace slimfit::testing {

template <class Model>
std::vector<typename Model::value_type> logits_of(Model& net,
                                                  std::vector<typename Model::network_type::input_type> const& inputs,
                                                  index_t count) {
  using network_type = typename Model::network_type;
  using label_type = typename network_type::loss_type::label_type;
  using value_type = typename Model::value_type;
  using device_type = typename Model::device_type;
  auto& device = net.device();
  batch_buffers<device_type, network_type> batch(device);
  batch.load(inputs, std::vector<label_type>(static_cast<std::size_t>(count * network_type::loss_type::labels)));
  arena_block<device_type> block(device);
  block.reserve(memory_plan<Model>(batch.view().sequences).needed_by_pass(active_set::all(Model::units)).arena + MiB);
  arena memory(device.memory().book(), block.data(), block.size());
  recording_updates updates;
  context<device_type, recording_updates> run{device, memory, updates, active_set{}};
  std::vector<value_type> result(static_cast<std::size_t>(network_type::loss_type::scores(batch.view().sequences)));
  inference_pass(net.network(), run, batch.view(), [&](value_type const* scores) {
    device.copy(scores, result.data(), static_cast<index_t>(result.size()));
  });
  return result;
}

}  // namespace slimfit::testing
