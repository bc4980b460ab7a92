// SPDX-License-Identifier: MIT
// How much memory a trainer's step took at most: a backend's ledger counts all models on it, a step's report only its
// own.
#pragma once

#include <slimfit/backend/device.hpp>
#include <slimfit/memory/ledger.hpp>

namespace slimfit {

class step_peaks {
 public:
  /// Counts from now on.
  /// @param holders of the memory that is the step's own, each with `add_to(byte_counts&)`; what the ledger has beside
  /// it is others' and stays as it is until the step has been enqueued
  template <class Device, class... Holders>
  void begin(Device& device, Holders const&... holders) {
    byte_counts held;
    held[category::workspace] = device_traits<Device>::workspace_bytes;
    (holders.add_to(held), ...);
    book_ = &device.memory().book();
    others_ = book_->now().without(held);
    book_->reset_peaks();
  }
  [[nodiscard]] memory_usage now() const { return book_->peaks().without(others_); }

 private:
  ledger* book_ = nullptr;
  byte_counts others_;
};

}  // namespace slimfit
