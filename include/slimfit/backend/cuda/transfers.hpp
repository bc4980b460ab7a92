// SPDX-License-Identifier: MIT
// Small arrays on their way between program and device, through pinned memory. Results are copied when the stream gets
// there and waited for by an event, so that work enqueued after them does not delay them.
#pragma once

#include <cstdlib>
#include <memory>
#include <new>
#include <span>

#include <slimfit/backend/cuda/status.hpp>
#include <slimfit/core/config.hpp>

namespace slimfit {

namespace detail {
/// Pinned memory that grows: pages of the program's that CUDA has registered.
template <class T>
class pinned_array {
 public:
  /// What was there is lost when it grows. @throws cuda_error, std::bad_alloc
  void reserve(index_t count) {
    if (count <= capacity_) { return; }
    auto const bytes = static_cast<std::size_t>(round_up(count * static_cast<index_t>(sizeof(T)), page));
    values_.reset();
    capacity_ = 0;
    std::unique_ptr<void, free_memory> memory(std::aligned_alloc(page, bytes));
    if (memory == nullptr) { throw std::bad_alloc(); }
    check(cudaHostRegister(memory.get(), bytes, cudaHostRegisterDefault), "pinned memory");
    values_.reset(static_cast<T*>(memory.release()));
    capacity_ = count;
  }
  [[nodiscard]] T* data() const { return values_.get(); }

 private:
  static constexpr index_t page = 4096;
  struct free_memory {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };
  struct free_pinned {
    void operator()(T* memory) const noexcept {
      (void)cudaHostUnregister(memory);
      std::free(memory);
    }
  };
  std::unique_ptr<T, free_pinned> values_;
  index_t capacity_ = 0;
};
}  // namespace detail

template <class T>
class cuda_readback {
 public:
  /// Makes room for `count` elements, so that a request for them allocates nothing. @throws cuda_error, std::bad_alloc
  void reserve(index_t count) {
    values_.reserve(count);
    if (done_ != nullptr) { return; }
    cudaEvent_t event = nullptr;
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event of a result");
    done_.reset(event);
  }
  /// Enqueues the copy of `count` elements. @throws cuda_error
  template <class Device>
  void request(Device const& device, T const* source, index_t count) {
    auto const bytes = static_cast<std::size_t>(count) * sizeof(T);
    reserve(count);
    count_ = count;
    if (count > 0) {
      check(cudaMemcpyAsync(values_.data(), source, bytes, cudaMemcpyDeviceToHost, device.stream()),
            "copy of a result");
    }
    check(cudaEventRecord(done_.get(), device.stream()), "event of a result");
  }
  /// Waits for what was requested last; valid until the next request. @throws cuda_error
  [[nodiscard]] std::span<T const> wait() {
    if (done_ != nullptr) { check(cudaEventSynchronize(done_.get()), "work before a result"); }
    return {values_.data(), static_cast<std::size_t>(count_)};
  }

 private:
  struct destroy_event {
    void operator()(cudaEvent_t event) const noexcept { (void)cudaEventDestroy(event); }
  };
  detail::pinned_array<T> values_;
  std::unique_ptr<CUevent_st, destroy_event> done_;
  index_t count_ = 0;
};

/// The memory that is sent from must not be filled in again before the stream has read it.
template <class T>
class cuda_outbox {
 public:
  /// Makes room for `count` values. @throws cuda_error, std::bad_alloc
  void reserve(index_t count) { values_.reserve(count); }
  /// The values to send next, to be filled in. @throws cuda_error
  [[nodiscard]] std::span<T> values(index_t count) {
    values_.reserve(count);
    count_ = count;
    return {values_.data(), static_cast<std::size_t>(count)};
  }
  /// Enqueues their copy to `target`. @throws cuda_error
  template <class Device>
  void send(Device const& device, T* target) const {
    if (count_ == 0) { return; }
    check(cudaMemcpyAsync(target, values_.data(), static_cast<std::size_t>(count_) * sizeof(T), cudaMemcpyHostToDevice,
                          device.stream()),
          "copy of a step's numbers");
  }

 private:
  detail::pinned_array<T> values_;
  index_t count_ = 0;
};

}  // namespace slimfit
