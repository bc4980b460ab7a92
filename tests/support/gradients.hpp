// SPDX-License-Identifier: MIT
// Gradients of a model's loss, recorded instead of applied.
#pragma once

#include <slimfit/plan/plan.hpp>
#include <slimfit/train/batch_buffers.hpp>

#include <vector>

namespace slimfit::testing {

/// Copies every gradient, by position.
struct recording_updates {
  static constexpr bool takes_parts = true;
  std::vector<std::vector<double>> gradients;

  template <scalar T>
  void apply(parameter<T> const& target, T const* gradient) {
    apply_part(target, gradient, 0, target.count());
  }
  template <scalar T>
  void apply_part(parameter<T> const& target, T const* gradient, index_t first, index_t count) {
    gradients.resize(std::max(gradients.size(), static_cast<std::size_t>(target.position) + 1));
    auto& all = gradients[static_cast<std::size_t>(target.position)];
    all.resize(static_cast<std::size_t>(target.count()));
    std::transform(gradient, gradient + count, all.begin() + first,
                   [](T value) { return static_cast<double>(static_cast<compute_type<T>>(value)); });
  }
};

struct pass_result {
  double loss = 0;
  std::vector<std::vector<double>> gradients;  ///< by position; empty where a parameter was frozen
};

/// Loss and gradients of one batch with `active` units. @param drops whether dropout takes place, @param numbers what
/// random numbers are drawn by
template <class Model>
pass_result gradients_of(Model& net, std::vector<typename Model::network_type::input_type> const& inputs,
                         std::vector<typename Model::network_type::loss_type::label_type> const& labels,
                         active_set const& active, bool drops = false, step_numbers const& numbers = {}) {
  using device_type = typename Model::device_type;
  auto& device = net.device();
  batch_buffers<device_type, typename Model::network_type> batch(device);
  batch.load(inputs, labels);
  auto const count = batch.view().count();
  arena_block<device_type> block(device);
  // Recorded gradients are scratch memory even where the policy keeps them elsewhere.
  block.reserve(memory_plan<Model>(batch.view().sequences).needed_by_pass(active).arena +
                Model::layout.elements * static_cast<index_t>(sizeof(typename Model::value_type)));
  arena memory(device.memory().book(), block.data(), block.size());
  recording_updates updates;
  context<device_type, recording_updates> run{device, memory, updates, active, true, numbers.seed, numbers.iteration,
                                              {},     drops};
  pass_result result;
  training_pass(net.network(), run, batch.view(), [&] { batch.request_result(); });
  result.loss = batch.result().loss / static_cast<double>(count);
  result.gradients = std::move(updates.gradients);
  result.gradients.resize(net.parameters().size());
  return result;
}

/// |a - b| / |b|, or |a| where b is zero.
inline double relative_error(std::vector<double> const& a, std::vector<double> const& b) {
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference += (a[i] - b[i]) * (a[i] - b[i]);
    norm += b[i] * b[i];
  }
  return norm > 0 ? std::sqrt(difference / norm) : std::sqrt(difference);
}

}  // namespace slimfit::testing
