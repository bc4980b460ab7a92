// SPDX-License-Identifier: MIT
// Updates that are enqueued together beside the same ones enqueued one by one, on any backend.
#pragma once

#include <doctest/doctest.h>
#include <slimfit/optim.hpp>

#include <limits>

#include "support/optimizer_numbers.hpp"

namespace slimfit::testing {

/// What several steps leave of some parameters, the last of which is never updated with others.
template <class T>
struct updated_parameters {
  std::vector<std::vector<T>> weights;
  std::vector<unit_statistics> statistics;
  std::vector<index_t> steps;
  std::vector<index_t> failed;  ///< of each step, see `settle_steps`
};

/// @param broken parameter whose gradient is infinite in the second step; -1: none
template <class T, class Backend, class Options>
updated_parameters<T> update_parameters(Backend& backend, Options const& options, std::vector<index_t> const& counts,
                                        index_t largest, bool together, index_t broken) {
  using buffer_type = buffer<T, typename Backend::resource_type>;
  auto const parameters = static_cast<index_t>(counts.size());
  typename Options::template optimizer<Backend, T> optimizer(backend, options, parameters, largest);
  optimizer.set_seed(5);
  std::vector<buffer_type> weights;
  std::vector<buffer_type> gradients;
  for (index_t i = 0; i < parameters; ++i) {
    index_t const count = counts[static_cast<std::size_t>(i)];
    numbers<T> const start(count, static_cast<unsigned>(i), 0.05, true);
    weights.emplace_back(backend.memory(), count, category::weights);
    gradients.emplace_back(backend.memory(), count, category::gradients);
    backend.copy(start.values.data(), weights.back().data(), count);
  }
  updated_parameters<T> result;
  for (index_t step = 0; step < 3; ++step) {
    std::vector<parameter_update<T>> updates;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      numbers<T> gradient(counts[i], static_cast<unsigned>(100 * step) + static_cast<unsigned>(i), 0.1);
      if (step == 1 && static_cast<index_t>(i) == broken) {
        gradient.values.back() = static_cast<T>(std::numeric_limits<float>::infinity());
      }
      backend.copy(gradient.values.data(), gradients[i].data(), counts[i]);
      updates.push_back({static_cast<index_t>(i), weights[i].data(), gradients[i].data(), counts[i]});
    }
    optimizer.begin_step();
    auto const alone = updates.back();
    updates.pop_back();
    if (together) {
      optimizer.enqueue_together(std::span<parameter_update<T> const>(updates));
    } else {
      for (auto const& each : updates) { optimizer.enqueue(each.parameter, each.weights, each.gradient, each.count); }
    }
    optimizer.enqueue(alone.parameter, alone.weights, alone.gradient, alone.count);
    optimizer.request_statistics();
    optimizer.collect_statistics();
    result.failed.push_back(optimizer.settle_steps());
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    result.weights.emplace_back(static_cast<std::size_t>(counts[i]));
    backend.copy(static_cast<T const*>(weights[i].data()), result.weights.back().data(), counts[i]);
    result.statistics.push_back(optimizer.statistics(static_cast<index_t>(i), counts[i]));
  }
  result.steps = optimizer.step_counts();
  return result;
}

/// Checks the bits of weights and of what was measured, with few partial sums and with many.
template <class T, class Backend, class Options>
void check_joint_updates(Backend& backend, Options const& options) {
  std::vector<index_t> const counts{768, 1, 4095, 4096, 5000, 3072, 7, 768, 768, 768, 64, 8192, 5};
  for (index_t const largest : {index_t{8192}, index_t{100000}}) {
    CAPTURE(largest);
    auto const one_by_one = update_parameters<T>(backend, options, counts, largest, false, -1);
    auto const joint = update_parameters<T>(backend, options, counts, largest, true, -1);
    CHECK(joint.steps == one_by_one.steps);
    CHECK(joint.failed == std::vector<index_t>{-1, -1, -1});
    for (std::size_t i = 0; i < counts.size(); ++i) {
      CAPTURE(i);
      CHECK(same_bits(joint.weights[i], one_by_one.weights[i]));
      CHECK(joint.statistics[i].relative_update == one_by_one.statistics[i].relative_update);
      CHECK(joint.statistics[i].gradient_norm == one_by_one.statistics[i].gradient_norm);
    }
  }
  // One that is not finite holds back what is enqueued afterwards; it is told which.
  auto const broken = update_parameters<T>(backend, options, counts, 100000, true, 2);
  CHECK(broken.failed == std::vector<index_t>{-1, 2, -1});
  CHECK(broken.steps.back() == 2);
}

}  // namespace slimfit::testing
