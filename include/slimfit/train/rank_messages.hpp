// SPDX-License-Identifier: MIT
// Few bytes that ranks tell each other between passes, in the program's memory, wherever a communicator has its own.
#pragma once

#include <span>
#include <vector>

#include <slimfit/communication/communicator.hpp>

namespace slimfit {

/// @tparam Device backend of the model
template <class Device, class Communicator>
class rank_messages {
 public:
  /// @param staging of the device's memory, for the time of a call
  rank_messages(Device& device, Communicator const& ranks, std::span<std::byte> staging)
      : device_(&device), ranks_(ranks), staging_(staging) {}

  [[nodiscard]] int rank() const { return ranks_.rank(); }
  /// What all ranks tell, in their order. @throws communication_error
  template <class T>
  [[nodiscard]] std::vector<T> gather(T const& mine) {
    std::vector<T> all(static_cast<std::size_t>(ranks_.size()));
    auto const told = std::as_bytes(std::span(&mine, 1));
    auto const heard = std::as_writable_bytes(std::span(all));
    if constexpr (device_communicator<Communicator>) {
      auto const there = staging_.first(heard.size());
      auto const own = there.subspan(told.size() * static_cast<std::size_t>(ranks_.rank()), told.size());
      device_->copy(told.data(), own.data(), std::ssize(told));
      ranks_.gather(own, there);
      ranks_.mark();
      ranks_.wait();  // no longer than the time limit, as a copy would
      device_->copy(there.data(), heard.data(), std::ssize(heard));
    } else {
      ranks_.gather(told, heard);
    }
    return all;
  }

 private:
  Device* device_;
  Communicator ranks_;
  std::span<std::byte> staging_;
};

}  // namespace slimfit
