// SPDX-License-Identifier: MIT
// Status codes of CUDA and cuBLASLt as exceptions. Every call of either goes through `check`.
#pragma once

#include <source_location>
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
inline std::string place(std::source_location const& where) {
  return std::string(" (") + where.file_name() + ":" + std::to_string(where.line()) + ")";
}
}  // namespace detail

/// @throws cuda_error unless `status` is cudaSuccess
inline void check(cudaError_t status, char const* what,
                  std::source_location const& where = std::source_location::current()) {
  if (status == cudaSuccess) { return; }
  (void)cudaGetLastError();  // errors that are not sticky must not be reported again by the next call
  throw cuda_error(std::string("slimfit: ") + what + ": " + cudaGetErrorName(status) + ", " +
                       cudaGetErrorString(status) + detail::place(where),
                   status);
}
/// @throws cuda_error unless `status` is CUBLAS_STATUS_SUCCESS
inline void check(cublasStatus_t status, char const* what,
                  std::source_location const& where = std::source_location::current()) {
  if (status == CUBLAS_STATUS_SUCCESS) { return; }
  throw cuda_error(std::string("slimfit: ") + what + ": " + cublasLtGetStatusName(status) + detail::place(where),
                   cudaSuccess);
}

}  // namespace slimfit
