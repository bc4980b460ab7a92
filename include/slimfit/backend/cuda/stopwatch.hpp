// SPDX-License-Identifier: MIT
// Times what is enqueued between two points of a stream.
#pragma once

#include <memory>

#include <slimfit/backend/cuda/status.hpp>

namespace slimfit {

class stopwatch {
 public:
  /// @throws cuda_error
  stopwatch() : start_(make()), stop_(make()) {}

  /// @throws cuda_error
  void start(cudaStream_t stream) { check(cudaEventRecord(start_.get(), stream), "event of a timing"); }
  /// Waits for what was enqueued since. @return the milliseconds it took @throws cuda_error
  [[nodiscard]] float stop(cudaStream_t stream) {
    float milliseconds = 0;
    check(cudaEventRecord(stop_.get(), stream), "event of a timing");
    check(cudaEventSynchronize(stop_.get()), "work that is timed");
    check(cudaEventElapsedTime(&milliseconds, start_.get(), stop_.get()), "time between events");
    return milliseconds;
  }

 private:
  struct destroy_event {
    void operator()(cudaEvent_t event) const noexcept { (void)cudaEventDestroy(event); }
  };
  using event_type = std::unique_ptr<CUevent_st, destroy_event>;
  static event_type make() {
    cudaEvent_t event = nullptr;
    check(cudaEventCreate(&event), "event of a timing");
    return event_type(event);
  }

  event_type start_;
  event_type stop_;
};

}  // namespace slimfit
