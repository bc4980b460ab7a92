// SPDX-License-Identifier: MIT
// The CUDA backend: a stream, the device's memory pool behind the accounted resource, cuBLASLt, and row kernels. All
// work is enqueued on one stream; nothing here waits for it but `copy` to the host and `synchronize`.
#pragma once

#include <slimfit/backend/cuda/launch.cuh>
#include <slimfit/backend/cuda/matrix_products.hpp>
#include <slimfit/backend/cuda/memory.hpp>
#include <slimfit/backend/cuda/range.hpp>
#include <slimfit/backend/cuda/readback.hpp>

namespace slimfit {

/// How a CUDA backend is set up.
struct cuda_options {
  cudaStream_t stream = nullptr;                         ///< the user's; null: the default stream
  cublasLtHandle_t handle = nullptr;                     ///< the user's; null: one of the backend's own
  index_t budget = std::numeric_limits<index_t>::max();  ///< bytes; beyond it allocations throw memory_error
};

/// Works on the device that is current when it is made.
class cuda {
 public:
  static constexpr bool counts_only = false;
  /// Products can add a bias and a matrix to their result without another pass over it.
  static constexpr bool fuses_addends = true;
  /// Bytes that cuBLASLt may use, in category::workspace as long as the backend lives.
  static constexpr index_t workspace_bytes = 4 * MiB;
  using resource_type = cuda_resource;
  template <class T>
  using readback = cuda_readback<T>;

  /// @throws cuda_error, memory_error
  explicit cuda(cuda_options options = {})
      : stream_(options.stream),
        resource_(options.budget, cuda_upstream{options.stream}),
        workspace_(resource_, workspace_bytes, category::workspace),
        products_(options.handle, workspace_.data(), workspace_bytes) {}
  cuda(cuda const&) = delete;
  cuda& operator=(cuda const&) = delete;

  [[nodiscard]] resource_type& memory() { return resource_; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  /// Waits until everything that was enqueued is done. @throws cuda_error
  void synchronize() const { check(cudaStreamSynchronize(stream_), "work on the stream"); }

  /// What is enqueued while the result lives appears under `name` in a profile.
  [[nodiscard]] static profile_range range(char const* name) { return profile_range(name); }

  /// Enqueues `kernel(group, row)` for every row in [0, rows). @throws cuda_error
  template <class Kernel>
  void launch(index_t rows, Kernel const& kernel) const {
    launch_rows(stream_, rows, kernel);
  }

  /// Enqueues `c = a * b` or `c += a * b`; see host::multiply. @throws cuda_error
  template <scalar T>
  void multiply(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
                update_mode mode = update_mode::overwrite) {
    products_.enqueue(stream_, rows, columns, inner, a, b, c, c_stride,
                      {.matrix = mode == update_mode::accumulate ? c : nullptr});
  }
  /// Enqueues `c = a * b + bias + matrix` as one product. @throws cuda_error
  template <scalar T>
  void multiply_add(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
                    product_addends<T> addends) {
    products_.enqueue(stream_, rows, columns, inner, a, b, c, c_stride, addends);
  }

  /// Kinds of products (sizes, types, operands) whose algorithm was chosen so far.
  [[nodiscard]] std::size_t product_kinds() const { return products_.cached(); }

  template <class T>
  void fill_zero(T* data, index_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count > 0) {
      check(cudaMemsetAsync(static_cast<void*>(data), 0, static_cast<std::size_t>(count) * sizeof(T), stream_),
            "fill with zeros");
    }
  }
  /// Copies between host memory and the backend's, after what was enqueued before. Waits for it, unless it is to the
  /// device and from ordinary memory, which CUDA has read when the call returns. @throws cuda_error
  template <class T>
  void copy(T const* source, T* target, index_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count <= 0) { return; }
    check(cudaMemcpyAsync(target, source, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDefault, stream_),
          "copy between host and device");
    cudaPointerAttributes attributes{};
    check(cudaPointerGetAttributes(&attributes, source), "source of a copy");
    if (attributes.type != cudaMemoryTypeUnregistered) { synchronize(); }
  }

 private:
  cudaStream_t stream_;
  resource_type resource_;
  buffer<std::byte, resource_type> workspace_;
  matrix_products products_;
};

}  // namespace slimfit
