// SPDX-License-Identifier: MIT
// The shared memory of a launch, given out part by part. The host counts its bytes by the same calls.
#pragma once

#include <slimfit/core/math.hpp>

#include <cstddef>

namespace slimfit::kernels {

/// Shared memory that a kernel was launched with.
inline __device__ std::byte* shared_bytes() {
  extern __shared__ __align__(16) std::byte memory[];
  return memory;
}

/// Gives out memory from `next` on, in parts that begin at multiples of 16 bytes.
struct shared_parts {
  std::byte* next;

  template <class T>
  __device__ T* take(int count) {
    auto* const part = reinterpret_cast<T*>(next);
    next += bytes_of<T>(count);
    return part;
  }
  /// What `take` uses up.
  template <class T>
  SLIMFIT_HD static constexpr int bytes_of(int count) {
    return round_up(count * static_cast<int>(sizeof(T)), 16);
  }
};

}  // namespace slimfit::kernels
