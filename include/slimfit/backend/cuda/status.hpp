// SPDX-License-Identifier: MIT
// Status codes of CUDA and cuBLASLt as exceptions. Every call of either goes through `check`; whatever it was that had
// no memory, code of a kernel or pinned pages, is a `memory_error`.
#pragma once

#include <string>

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <slimfit/core/error.hpp>

namespace slimfit {

/// A call of CUDA or cuBLASLt failed: a launch was refused, a device pointer is wrong, the device is gone.
class cuda_error : public error {
 public:
  cuda_error(std::string const& text, cudaError_t status) : error(text), status_(status) {}
  /// cudaSuccess where cuBLASLt failed.
  [[nodiscard]] cudaError_t status() const noexcept { return status_; }

 private:
  cudaError_t status_;
};

namespace detail {
inline std::string place(char const* file, int line) {
  return std::string(" (") + file + ":" + std::to_string(line) + ")";
}
}  // namespace detail

// The place of the call is in the message; clang has std::source_location from version 16 on only.

/// @throws memory_error for cudaErrorMemoryAllocation, cuda_error for whatever else is not cudaSuccess
inline void check(cudaError_t status, char const* what, char const* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (status == cudaSuccess) { return; }
  (void)cudaGetLastError();  // errors that are not sticky must not be reported again by the next call
  std::string const text = std::string("slimfit: ") + what + ": " + cudaGetErrorName(status) + ", " +
                           cudaGetErrorString(status) + detail::place(file, line);
  if (status == cudaErrorMemoryAllocation) { throw memory_error(text); }
  throw cuda_error(text, status);
}
/// @throws memory_error for CUBLAS_STATUS_ALLOC_FAILED, cuda_error for whatever else is not CUBLAS_STATUS_SUCCESS
inline void check(cublasStatus_t status, char const* what, char const* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (status == CUBLAS_STATUS_SUCCESS) { return; }
  std::string const text =
      std::string("slimfit: ") + what + ": " + cublasLtGetStatusName(status) + detail::place(file, line);
  if (status == CUBLAS_STATUS_ALLOC_FAILED) { throw memory_error(text); }
  throw cuda_error(text, cudaSuccess);
}

}  // namespace slimfit
