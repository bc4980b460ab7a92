// SPDX-License-Identifier: MIT
// Results on their way from the backend to the program: requested while work is enqueued, waited for later. On the host
// nothing is pending: a request is done when it returns.
#pragma once

#include <span>
#include <vector>

#include <slimfit/core/config.hpp>

namespace slimfit {

template <class T>
class host_readback {
 public:
  /// Copies `count` elements, after what was enqueued before.
  template <class Device>
  void request(Device const& device, T const* source, index_t count) {
    values_.resize(static_cast<std::size_t>(count));
    device.copy(source, values_.data(), count);
  }
  /// What was requested last; valid until the next request.
  [[nodiscard]] std::span<T const> wait() { return values_; }

 private:
  std::vector<T> values_;
};

}  // namespace slimfit
