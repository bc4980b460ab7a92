// SPDX-License-Identifier: MIT
// The CUDA backend: a stream, the device's memory pool behind the accounted resource, cuBLASLt, and row kernels. All
// work is enqueued on one stream; nothing here waits for it but `copy` to the host and `synchronize`.
#pragma once

#include <map>
#include <string>

#include <slimfit/backend/cuda/graph.hpp>
#include <slimfit/backend/cuda/launch_together.cuh>
#include <slimfit/backend/cuda/matrix_products.hpp>
#include <slimfit/backend/cuda/memory.hpp>
#include <slimfit/backend/cuda/offload.hpp>
#include <slimfit/backend/cuda/range.hpp>
#include <slimfit/backend/cuda/transfers.hpp>

namespace slimfit {

/// How a CUDA backend is set up.
struct cuda_options {
  cudaStream_t stream = nullptr;                         ///< the user's; null: the default stream
  cublasLtHandle_t handle = nullptr;                     ///< the user's; null: one of the backend's own
  index_t budget = std::numeric_limits<index_t>::max();  ///< bytes; beyond it allocations throw memory_error
  /// The program's allocator of device memory, which must order by the stream what it gives again; none:
  /// cudaMallocAsync.
  program_memory memory{};
  product_options products{};  ///< how algorithms of products are chosen
};

/// Works on the device that is current when it is made. Belongs to one thread at a time: only one may call it, or a
/// trainer or model on it, at a time. @throws usage_error in calls by a second thread meanwhile
class cuda {
 public:
  static constexpr bool counts_only = false;
  /// Products can add a bias and a matrix to their result without another pass over it.
  static constexpr bool fuses_addends = true;
  /// Thousands of groups run at once: kernels for which that pays have a form that gives each less to do.
  static constexpr bool runs_many_groups = true;
  /// Rows that keep a large device busy: with a tenth of them a step of ViT-B/16 took three times as long on an H100.
  /// With more, workspace would be above a tenth of what slim stores of ViT-B/16 at 577 tokens in float.
  static constexpr index_t busy_rows = 7168;
  /// Teams of groups that sums over rows need to keep a large device busy: three for each of 132 multiprocessors.
  static constexpr index_t busy_pieces = 396;
  /// Bytes that cuBLASLt may use, in category::workspace as long as the backend lives.
  static constexpr index_t workspace_bytes = 4 * MiB;
  using resource_type = cuda_resource;
  template <class T>
  using readback = cuda_readback<T>;
  template <class T>
  using outbox = cuda_outbox<T>;

  /// @throws cuda_error, memory_error, file_error
  explicit cuda(cuda_options options = {})
      : stream_(options.stream),
        resource_(options.budget, cuda_upstream{options.stream, options.memory}),
        offload_(options.stream),
        workspace_(resource_, workspace_bytes, category::workspace),
        products_(options.handle, workspace_.data(), workspace_bytes, options.products) {}
  cuda(cuda const&) = delete;
  cuda& operator=(cuda const&) = delete;

  [[nodiscard]] resource_type& memory() { return resource_; }
  /// Where blocks offload what they keep.
  [[nodiscard]] cuda_offload_store& offload() { return offload_; }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  /// What the last bits of results depend on, by name. @throws cuda_error
  [[nodiscard]] static std::map<std::string, std::string> bits_depend_on() {
    int device = 0;
    cudaDeviceProp facts{};
    check(cudaGetDevice(&device), "the current device");
    check(cudaGetDeviceProperties(&facts, device), "the device's name");
    return {
        {"backend", "cuda"}, {"device", facts.name}, {"products", "cuBLASLt " + std::to_string(cublasLtGetVersion())}};
  }
  /// Waits until everything that was enqueued is done. @throws cuda_error
  void synchronize() const { check(cudaStreamSynchronize(stream_), "work on the stream"); }

  /// Work that can be enqueued again as a whole.
  using recording = recorded_work;
  /// Records what `enqueue()` enqueues here, without running it.
  /// @throws usage_error on the default stream, which CUDA cannot record; cuda_error
  template <class Enqueue>
  [[nodiscard]] recording record(Enqueue const& enqueue) const {
    if (stream_ == nullptr) {
      throw usage_error(
          "slimfit: cuda_options: stream is null, expected a stream of the program's: work on the default "
          "stream cannot be recorded");
    }
    return recording(stream_, enqueue);
  }
  void replay(recording const& work) const { work.replay(stream_); }

  /// Runs `enqueue()` for what it needs beside its memory and enqueues nothing else: the code of its kernels is loaded,
  /// the algorithms of its products are chosen, and each product that is new runs once. When `enqueue()` runs again,
  /// nothing in it asks for memory.
  /// @throws cuda_error, memory_error, file_error of product_options, and what `enqueue` throws; nothing was enqueued
  /// then
  template <class Enqueue>
  void rehearse(Enqueue const& enqueue) {
    struct rehearsal {
      cuda& device;
      explicit rehearsal(cuda& rehearsed) : device(rehearsed) { set(true); }
      rehearsal(rehearsal const&) = delete;
      rehearsal& operator=(rehearsal const&) = delete;
      ~rehearsal() { set(false); }
      void set(bool on) noexcept {
        device.rehearsing_ = on;
        device.offload_.rehearse(on);
      }
    } const now(*this);
    profile_range const marked("rehearsal", -1);
    enqueue();
  }

  /// What is enqueued while the result lives appears under `name` in a profile. @param number see profile_range
  [[nodiscard]] static profile_range range(char const* name, int number) { return {name, number}; }

  /// Enqueues `kernel(group, row)` for every row in [0, rows). @throws cuda_error
  template <class Kernel>
  void launch(index_t rows, Kernel const& kernel) const {
    auto const alone = resource_.use();
    launch_rows(launcher(), rows, kernel);
  }
  /// The same for all rows of each of `all`, as one launch of up to 8. @throws cuda_error
  template <class Kernel>
  void launch_together(std::span<kernel_rows<Kernel> const> all) const {
    auto const alone = resource_.use();
    launch_rows_together(launcher(), all);
  }
  /// For kernels in CUDA's own form.
  [[nodiscard]] kernel_launcher launcher() const { return {stream_, rehearsing_ ? &loaded_ : nullptr}; }

  /// Enqueues `c = a * b` or `c += a * b`; see host::multiply. @throws cuda_error
  template <scalar T>
  void multiply(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
                update_mode mode = update_mode::overwrite) {
    multiply_add(rows, columns, inner, a, b, c, c_stride, {.matrix = mode == update_mode::accumulate ? c : nullptr});
  }
  /// Enqueues `c = a * b + bias + matrix` as one product. @throws cuda_error
  template <scalar T>
  void multiply_add(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
                    product_addends<T> addends) {
    auto const alone = resource_.use();
    // The first of a kind loads cuBLASLt's code for it. What it writes, the step that is rehearsed writes again.
    bool const known = products_.prepare(rows, columns, inner, a, b, c, c_stride, addends);
    if (rehearsing_ && known) { return; }
    if (rehearsing_) { products_.choose(stream_, rows, columns, inner, a, b, c, c_stride, addends); }
    products_.enqueue(stream_, rows, columns, inner, a, b, c, c_stride, addends);
  }

  /// Kinds of products (sizes, types, operands) whose algorithm was chosen so far.
  [[nodiscard]] std::size_t product_kinds() const { return products_.cached(); }

  template <class T>
  void fill_zero(T* data, index_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    auto const alone = resource_.use();
    if (count > 0 && !rehearsing_) {
      check(cudaMemsetAsync(static_cast<void*>(data), 0, static_cast<std::size_t>(count) * sizeof(T), stream_),
            "fill with zeros");
    }
  }
  /// Copies between host memory and the backend's, or within the latter, after what was enqueued before. Waits only
  /// where host memory would otherwise be touched after the call returns: CUDA reads ordinary memory at once, pinned
  /// memory later. @throws cuda_error
  template <class T>
  void copy(T const* source, T* target, index_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    auto const alone = resource_.use();
    if (count <= 0 || rehearsing_) { return; }
    check(cudaMemcpyAsync(target, source, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDefault, stream_),
          "copy between host and device");
    auto const from = kind_of(source);
    auto const to = kind_of(target);
    bool const within = from == cudaMemoryTypeDevice && to == cudaMemoryTypeDevice;
    if (!within && from != cudaMemoryTypeUnregistered) { synchronize(); }
  }

 private:
  static cudaMemoryType kind_of(void const* memory) {
    cudaPointerAttributes attributes{};
    check(cudaPointerGetAttributes(&attributes, memory), "memory of a copy");
    return attributes.type;
  }

  cudaStream_t stream_;
  resource_type resource_;
  cuda_offload_store offload_;
  buffer<std::byte, resource_type> workspace_;
  matrix_products products_;
  mutable loaded_kernels loaded_;
  bool rehearsing_ = false;
};

}  // namespace slimfit
