// SPDX-License-Identifier: MIT
// Device memory for the accounted resource, from the device's stream-ordered pool or the program's allocator.
#pragma once

#include <slimfit/backend/cuda/status.hpp>
#include <slimfit/memory/program_memory.hpp>
#include <slimfit/memory/resource.hpp>

namespace slimfit {

/// Allocates and frees in the order of `stream`.
struct cuda_upstream {
  cudaStream_t stream = nullptr;
  program_memory source{};

  /// Null when there is no memory.
  void* allocate(index_t bytes) const {
    if (source.is_given()) { return source.allocate(source.state, bytes); }
    void* memory = nullptr;
    auto const status = cudaMallocAsync(&memory, static_cast<std::size_t>(bytes), stream);
    if (status == cudaErrorMemoryAllocation) {
      (void)cudaGetLastError();
      return nullptr;
    }
    check(status, "allocation of device memory");
    return memory;
  }
  void deallocate(void* memory, index_t bytes) const noexcept {
    if (!source.is_given()) {
      (void)cudaFreeAsync(memory, stream);
    } else if (memory != nullptr) {
      source.deallocate(source.state, memory, bytes);
    }
  }
};

using cuda_resource = accounted_resource<cuda_upstream>;

}  // namespace slimfit
