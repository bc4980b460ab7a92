// SPDX-License-Identifier: MIT
// What ranks sent, in words.
#pragma once

#include <slimfit/communication/communicator.hpp>
#include <string>

#include "../tools/table.hpp"

namespace examples {

/// "4 ranks: 5.90 MiB in 5.8 sums a step, 7.0 % of all gradients; 1.2 ms a step waited"
/// @param all bytes of all parameters' gradients in all steps
inline std::string traffic_line(int ranks, slimfit::index_t steps, slimfit::traffic const& sent, slimfit::index_t all) {
  auto const of_step = [&](double value) { return value / static_cast<double>(steps); };
  auto const bytes = static_cast<double>(sent.bytes);
  return std::to_string(ranks) + (ranks == 1 ? " rank: " : " ranks: ") +
         fixed(of_step(bytes) / static_cast<double>(slimfit::MiB), 2) + " MiB in " +
         fixed(of_step(static_cast<double>(sent.sums)), 1) + " sums a step, " +
         fixed(100 * bytes / static_cast<double>(all), 1) + " % of all gradients; " +
         fixed(1e3 * of_step(sent.waited), 1) + " ms a step waited";
}

}  // namespace examples
