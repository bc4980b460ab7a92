// SPDX-License-Identifier: MIT
// How steps on the host are measured.
#pragma once

#include <fstream>

#include "../../support/command_ranks.hpp"
#include "../recorded_products.hpp"
#include "measure_steps.hpp"

namespace examples {

namespace detail {

/// Memory that the process has resident ("VmRSS:") or had at most ("VmHWM:"), from Linux's /proc; 0 elsewhere.
inline index_t resident_bytes(char const* key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    index_t kilobytes = 0;
    if (word == key && status >> kilobytes) { return kilobytes * slimfit::KiB; }
  }
  return 0;
}

}  // namespace detail

/// Trains the named model on random data.
/// @tparam Entry one of models.hpp
/// @throws slimfit::error
/// @tparam Ranks a communicator
template <class Entry, class Policy, class T, class Ranks>
step_measurement measure_on_host(step_request const& request, Ranks const& ranks) {
  using model = typename Entry::template model<Policy, recording_host, T>;
  auto result = detail::measurement_of<Policy>(request);
  recording_host device({.threads = threads_of_rank(request.threads)});
  result.request.threads = device.threads();
  result.resident_before = detail::resident_bytes("VmRSS:");
  product_player<T> player;
  detail::step_training<model, Ranks> training(device, result.request, ranks);
  result.first = training.step().measured;
  result.resident_after_first = detail::resident_bytes("VmHWM:");
  for (int i = 0; i < request.steps; ++i) {
    // Each step's products run right after it, so that a busy machine slows both.
    product_list products;
    device.record(&products);
    training.measure_step(result);
    device.record(nullptr);
    result.products.push_back(detail::time_of([&] { player.play(device, products); }));
  }
  if (request.record) { training.record_step(result); }
  result.peak_resident = std::max<index_t>(detail::resident_bytes("VmHWM:") - player.bytes(), 0);
  return result;
}

}  // namespace examples
