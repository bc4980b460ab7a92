// SPDX-License-Identifier: MIT
// Memory of tests that kernels read and write: the host's, or, in tests built for CUDA, memory that both reach.
#pragma once

#include <vector>

#if defined(__CUDACC__)
#include <slimfit/backend/cuda/status.hpp>
#endif

namespace slimfit::test {

#if defined(__CUDACC__)
template <class T>
struct managed_allocator {
  using value_type = T;

  managed_allocator() = default;
  template <class U>
  managed_allocator(managed_allocator<U> const& /*other*/) {}
  T* allocate(std::size_t count) {
    T* memory = nullptr;
    check(cudaMallocManaged(reinterpret_cast<void**>(&memory), count * sizeof(T)), "memory of a test");
    return memory;
  }
  void deallocate(T* memory, std::size_t /*count*/) { (void)cudaFree(memory); }
  friend bool operator==(managed_allocator const& /*a*/, managed_allocator const& /*b*/) { return true; }
};
template <class T>
using vector = std::vector<T, managed_allocator<T>>;
#else
template <class T>
using vector = std::vector<T>;
#endif

}  // namespace slimfit::test
