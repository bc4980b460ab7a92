// SPDX-License-Identifier: MIT
// Whether samples and labels are what a network takes.
#pragma once

#include <span>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit {

/// @throws shape_error, value_error (ids outside their range)
template <class Network>
void check_inputs(std::span<typename Network::input_type const> inputs, index_t count) {
  require_equal("inputs: count", std::ssize(inputs), count * Network::inputs);
  if constexpr (requires { Network::check_inputs(inputs); }) { Network::check_inputs(inputs); }
}

/// @return the number of samples
/// @throws shape_error, value_error (labels or ids outside their range)
template <class Network>
index_t check_batch(std::span<typename Network::input_type const> inputs,
                    std::span<typename Network::loss_type::label_type const> labels) {
  using loss_type = typename Network::loss_type;
  auto const count = std::ssize(labels) / loss_type::labels;
  if (count == 0) { throw shape_error(mismatch("labels: count", std::ssize(labels), "at least 1")); }
  require_equal("labels: count", std::ssize(labels), count * loss_type::labels);
  check_inputs<Network>(inputs, count);
  loss_type::check(labels, Network::tokens);
  return count;
}

}  // namespace slimfit
