// SPDX-License-Identifier: MIT
// The CUDA backends of a library with a C interface: one for each device and stream that passes come on. What they
// enqueue they do not wait for.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <slimfit/backend/cuda.cuh>
#include <slimfit/interop/library_device.hpp>

namespace slimfit::interop {

template <>
class library_device<cuda> {
 public:
  static constexpr char const* name = "cuda";
  static constexpr index_t workspace_bytes = cuda::workspace_bytes;

  /// Runs `body(device)` with the backend of the current device and the pass's stream. @throws cuda_error, memory_error
  template <class Body>
  void run(slimfit_pass const& pass, Body const& body) {
    std::lock_guard const alone(lock_);
    body(backend_on(static_cast<cudaStream_t>(pass.stream)));
  }
  /// @throws usage_error
  void use_products(void (*)(), void (*)()) {
    throw usage_error("slimfit: layer library: slimfit_use_products is for libraries of the host");
  }
  /// Backends take their workspace from there; those that are there are given back first.
  void use_memory(program_memory const& memory) {
    std::lock_guard const alone(lock_);
    release_backends();
    memory_ = memory;
  }
  /// Waits for what was enqueued and gives back what the backends hold. @throws cuda_error
  void release() {
    std::lock_guard const alone(lock_);
    release_backends();
  }
  /// Never destroyed: at the end of a program the driver may end before it.
  static library_device& instance() {
    static auto& only = *new library_device;
    return only;
  }

 private:
  cuda& backend_on(cudaStream_t stream) {
    int device = 0;
    check(cudaGetDevice(&device), "the current device");
    auto& found = backends_[{device, stream}];
    if (!found) { found = std::make_unique<cuda>(cuda_options{.stream = stream, .memory = memory_}); }
    return *found;
  }
  void release_backends() {
    int current = 0;
    if (!backends_.empty()) { check(cudaGetDevice(&current), "the current device"); }
    while (!backends_.empty()) {
      auto const first = backends_.begin();
      check(cudaSetDevice(first->first.first), "the device of a stream");
      auto const waited = cudaStreamSynchronize(first->first.second);
      backends_.erase(first);
      check(cudaSetDevice(current), "the current device");
      check(waited, "work on the stream");
    }
  }

  std::mutex lock_;
  std::map<std::pair<int, cudaStream_t>, std::unique_ptr<cuda>> backends_;
  program_memory memory_;
};

}  // namespace slimfit::interop
