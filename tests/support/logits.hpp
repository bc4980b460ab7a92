// SPDX-License-Identifier: MIT
// A model's scores of a batch.
#pragma once

#include <slimfit/layers/context.hpp>
#include <slimfit/memory/arena.hpp>
#include <slimfit/train/batch_buffers.hpp>

#include <vector>

#include "gradients.hpp"

namespace slimfit::testing {

template <class Model>
std::vector<typename Model::value_type> logits_of(Model& net,
                                                  std::vector<typename Model::network_type::input_type> const& inputs,
                                                  index_t count) {
  using value_type = typename Model::value_type;
  using device_type = typename Model::device_type;
  auto& device = net.device();
  batch_buffers<device_type, typename Model::network_type::input_type> batch(device);
  batch.load(inputs, std::vector<std::int32_t>(static_cast<std::size_t>(count)));
  arena_block<device_type> block(device);
  block.reserve(memory_plan<Model>(count).arena_bytes(active_set::all(Model::units)) + MiB);
  arena memory(device.memory().book(), block.data(), block.size());
  recording_updates updates;
  context<device_type, recording_updates> run{device, memory, updates, active_set{}};
  auto const logits = run.template scratch<value_type>(count * Model::network_type::classes);
  (void)net.network().forward(run, batch.view().inputs, count, logits.data());
  std::vector<value_type> result(static_cast<std::size_t>(count * Model::network_type::classes));
  device.copy(logits.data(), result.data(), static_cast<index_t>(result.size()));
  return result;
}

}  // namespace slimfit::testing
