// SPDX-License-Identifier: MIT
// Status codes of CUDA and cuBLASLt as exceptions. Every call of either goes through `check`.
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

/// @throws cuda_error unless `status` is cudaSuccess
inline void check(cudaError_t status, char const* what, char const* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (status == cudaSuccess) { return; }
  (void)cudaGetLastError();  // errors that are not sticky must not be reported again by the next call
  throw cuda_error(std::string("slimfit: ") + what + ": " + cudaGetErrorName(status) + ", " +
                       cudaGetErrorString(status) + detail::place(file, line),
                   status);
}
/// @throws cuda_error unless `status` is CUBLAS_STATUS_SUCCESS
inline void check(cublasStatus_t status, char const* what, char const* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (status == CUBLAS_STATUS_SUCCESS) { return; }
  throw cuda_error(std::string("slimfit: ") + what + ": " + cublasLtGetStatusName(status) + detail::place(file, line),
                   cudaSuccess);
}

}  // namespace slimfit
