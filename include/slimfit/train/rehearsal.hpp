// SPDX-License-Identifier: MIT
// Enqueues steps so that what runs out of memory does so while nothing has changed.
#pragma once

#include <slimfit/backend/device.hpp>
#include <slimfit/memory/ledger.hpp>

namespace slimfit {

/// Returns what `enqueue()` does; when it throws, the steps that it counted are none.
template <class Optimizer, class Enqueue>
decltype(auto) revoking_steps(Optimizer& optimizer, Enqueue const& enqueue) {
  try {
    return enqueue();
  } catch (...) {
    optimizer.revoke_steps();
    throw;
  }
}

/// Calls `enqueue(ledger)` with the backend's ledger. Where the backend can, it is rehearsed before, with another one.
template <class Device, class Optimizer, class Enqueue>
void enqueue_rehearsed(Device& device, Optimizer& optimizer, Enqueue const& enqueue) {
  revoking_steps(optimizer, [&] {
    if constexpr (device_traits<Device>::rehearses) {
      ledger unwatched;
      device.rehearse([&] { enqueue(unwatched); });
      optimizer.revoke_steps();
    }
    enqueue(device.memory().book());
  });
}

}  // namespace slimfit
