// SPDX-License-Identifier: MIT
// Small arrays on their way between program and backend: results that are requested while work is enqueued and waited
// for later, numbers that work enqueued afterwards reads. On the host nothing is pending: both are done when they
// return.
#pragma once

#include <span>
#include <vector>

#include <slimfit/core/config.hpp>

namespace slimfit {

template <class T>
class host_readback {
 public:
  /// Makes room for `count` elements, so that a request for them allocates nothing. @throws std::bad_alloc
  void reserve(index_t count) { values_.reserve(static_cast<std::size_t>(count)); }
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

template <class T>
class host_outbox {
 public:
  /// Makes room for `count` values. @throws std::bad_alloc
  void reserve(index_t count) { values_.reserve(static_cast<std::size_t>(count)); }
  /// The values to send next, to be filled in.
  [[nodiscard]] std::span<T> values(index_t count) {
    values_.resize(static_cast<std::size_t>(count));
    return values_;
  }
  /// Copies them to `target`, before what is enqueued from now on.
  template <class Device>
  void send(Device const& device, T* target) const {
    device.copy(values_.data(), target, static_cast<index_t>(values_.size()));
  }

 private:
  std::vector<T> values_;
};

}  // namespace slimfit
