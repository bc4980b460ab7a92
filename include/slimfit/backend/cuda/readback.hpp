// SPDX-License-Identifier: MIT
// Results on their way from the device to the program: copied to pinned memory when the stream gets there, waited for
// by an event, so that work enqueued after them does not delay them.
#pragma once

#include <memory>
#include <span>

#include <slimfit/backend/cuda/status.hpp>
#include <slimfit/core/config.hpp>

namespace slimfit {

template <class T>
class cuda_readback {
 public:
  /// Enqueues the copy of `count` elements. @throws cuda_error
  template <class Device>
  void request(Device const& device, T const* source, index_t count) {
    auto const bytes = static_cast<std::size_t>(count) * sizeof(T);
    if (count > capacity_) {
      T* memory = nullptr;
      check(cudaMallocHost(reinterpret_cast<void**>(&memory), bytes), "pinned memory of a result");
      values_.reset(memory);
      capacity_ = count;
    }
    if (done_ == nullptr) {
      cudaEvent_t event = nullptr;
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "event of a result");
      done_.reset(event);
    }
    count_ = count;
    if (count > 0) {
      check(cudaMemcpyAsync(values_.get(), source, bytes, cudaMemcpyDeviceToHost, device.stream()), "copy of a result");
    }
    check(cudaEventRecord(done_.get(), device.stream()), "event of a result");
  }
  /// Waits for what was requested last; valid until the next request. @throws cuda_error
  [[nodiscard]] std::span<T const> wait() {
    if (done_ != nullptr) { check(cudaEventSynchronize(done_.get()), "work before a result"); }
    return {values_.get(), static_cast<std::size_t>(count_)};
  }

 private:
  struct free_pinned {
    void operator()(T* memory) const noexcept { (void)cudaFreeHost(memory); }
  };
  struct destroy_event {
    void operator()(cudaEvent_t event) const noexcept { (void)cudaEventDestroy(event); }
  };
  std::unique_ptr<T, free_pinned> values_;
  std::unique_ptr<CUevent_st, destroy_event> done_;
  index_t capacity_ = 0;
  index_t count_ = 0;
};

}  // namespace slimfit
