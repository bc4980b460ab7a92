// SPDX-License-Identifier: MIT
// Small arrays on their way between program and backend: results that are requested while work is enqueued and waited
// for later, numbers that work enqueued afterwards reads. On the host nothing is pending: both are done when they
// return.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

#include <slimfit/core/config.hpp>

namespace slimfit {

namespace detail {
/// Numbers of one type in memory that is compiled once for all types.
template <class T>
class host_numbers {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

 public:
  /// @throws std::bad_alloc
  void reserve(index_t count) { bytes_.reserve(bytes_of(count)); }
  /// New elements are zero. @throws std::bad_alloc
  void resize(index_t count) { bytes_.resize(bytes_of(count)); }
  [[nodiscard]] T* data() { return reinterpret_cast<T*>(bytes_.data()); }
  [[nodiscard]] T const* data() const { return reinterpret_cast<T const*>(bytes_.data()); }
  [[nodiscard]] std::size_t size() const { return bytes_.size() / sizeof(T); }

 private:
  static std::size_t bytes_of(index_t count) { return static_cast<std::size_t>(count) * sizeof(T); }

  std::vector<std::byte> bytes_;
};
}  // namespace detail

template <class T>
class host_readback {
 public:
  /// Makes room for `count` elements, so that a request for them allocates nothing. @throws std::bad_alloc
  void reserve(index_t count) { values_.reserve(count); }
  /// Copies `count` elements, after what was enqueued before.
  template <class Device>
  void request(Device const& device, T const* source, index_t count) {
    values_.resize(count);
    device.copy(source, values_.data(), count);
  }
  /// What was requested last; valid until the next request.
  [[nodiscard]] std::span<T const> wait() const { return {values_.data(), values_.size()}; }

 private:
  detail::host_numbers<T> values_;
};

template <class T>
class host_outbox {
 public:
  /// Makes room for `count` values. @throws std::bad_alloc
  void reserve(index_t count) { values_.reserve(count); }
  /// The values to send next, to be filled in.
  [[nodiscard]] std::span<T> values(index_t count) {
    values_.resize(count);
    return {values_.data(), values_.size()};
  }
  /// Copies them to `target`, before what is enqueued from now on.
  template <class Device>
  void send(Device const& device, T* target) const {
    device.copy(values_.data(), target, static_cast<index_t>(values_.size()));
  }

 private:
  detail::host_numbers<T> values_;
};

}  // namespace slimfit
