// SPDX-License-Identifier: MIT
// What cuBLASLt is told of a product: types of numbers, and layouts of matrices that end by themselves.
#pragma once

#include <cstdint>
#include <memory>

#include <slimfit/backend/cuda/status.hpp>
#include <slimfit/core/scalar.hpp>

namespace slimfit {

namespace detail {

template <class T>
struct lt_types;
template <>
struct lt_types<float> {
  static constexpr cudaDataType_t data = CUDA_R_32F;
  static constexpr cudaDataType_t scale = CUDA_R_32F;
  static constexpr cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
};
template <>
struct lt_types<double> {
  static constexpr cudaDataType_t data = CUDA_R_64F;
  static constexpr cudaDataType_t scale = CUDA_R_64F;
  static constexpr cublasComputeType_t compute = CUBLAS_COMPUTE_64F;
};
template <>
struct lt_types<bf16> {
  static constexpr cudaDataType_t data = CUDA_R_16BF;
  static constexpr cudaDataType_t scale = CUDA_R_32F;
  static constexpr cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
};

template <auto Destroy>
struct lt_deleter {
  template <class Handle>
  void operator()(Handle handle) const noexcept {
    (void)Destroy(handle);
  }
};
using matrix_layout = std::unique_ptr<cublasLtMatrixLayoutOpaque_t, lt_deleter<cublasLtMatrixLayoutDestroy>>;
using product_description = std::unique_ptr<cublasLtMatmulDescOpaque_t, lt_deleter<cublasLtMatmulDescDestroy>>;
using product_preference =
    std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, lt_deleter<cublasLtMatmulPreferenceDestroy>>;

inline matrix_layout make_layout(cudaDataType_t type, index_t rows, index_t columns, index_t stride) {
  cublasLtMatrixLayout_t layout = nullptr;
  check(cublasLtMatrixLayoutCreate(&layout, type, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns),
                                   stride),
        "layout of a matrix");
  return matrix_layout(layout);
}

}  // namespace detail

}  // namespace slimfit
