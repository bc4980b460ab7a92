// SPDX-License-Identifier: MIT
// The weights that all runs of a command start from.
#pragma once

#include <slimfit/core/error.hpp>
#include <slimfit/io/crc32.hpp>

#include "runs.hpp"

namespace examples {

/// Gives `net` the weights that the runs of a command start from: what `load(net)` reads for the first that asks, and
/// the same for the others.
/// @throws slimfit::value_error where those that are read for an interrupted command are not those that it began with
template <class Model, class Load>
void start_from(run_request const& request, Model& net, Load const& load) {
  using value_type = typename Model::value_type;
  auto& start = request.start;
  auto const& device = net.device();
  if (start.bytes.empty()) {
    load(net);
    slimfit::crc32 sum;
    for (auto const& [name, each] : net.parameters()) {
      std::vector<value_type> values(static_cast<std::size_t>(each.count()));
      device.copy(each.data, values.data(), each.count());
      auto const bytes = std::as_bytes(std::span(values));
      sum.add(bytes);
      if (!request.is_last) { start.bytes.insert(start.bytes.end(), bytes.begin(), bytes.end()); }
    }
    if (!start.checksum.empty() && start.checksum != sum.text()) {
      throw slimfit::value_error("slimfit: --resume: the weights that runs start from changed: their checksum is " +
                                 sum.text() + ", expected " + start.checksum + " as in the interrupted run in " +
                                 request.checkpoint);
    }
    start.checksum = sum.text();
  } else {
    auto const* next = start.bytes.data();
    for (auto const& [name, each] : net.parameters()) {
      device.copy(reinterpret_cast<value_type const*>(next), each.data, each.count());
      next += static_cast<std::size_t>(each.count()) * sizeof(value_type);
    }
  }
  if (request.is_last) { start.bytes = {}; }
}

}  // namespace examples
