// SPDX-License-Identifier: MIT
// The host backend: a pool of threads, a CBLAS, and the accounted resource. Work is cut into pieces whose size depends
// on the problem only, never on the number of threads, so results are the same bits with any number of threads.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <type_traits>

#include <slimfit/backend/host_memory.hpp>
#include <slimfit/backend/host_offload.hpp>
#include <slimfit/backend/host_products.hpp>
#include <slimfit/backend/host_transfers.hpp>
#include <slimfit/backend/product_library.hpp>
#include <slimfit/backend/task_pool.hpp>
#include <slimfit/core/scalar.hpp>
#include <slimfit/rows/row_kernel.hpp>

namespace slimfit {

/// How a host backend is set up.
struct host_options {
  int threads = 0;                                       ///< 0: as many as the machine has
  index_t budget = std::numeric_limits<index_t>::max();  ///< bytes; beyond it allocations throw memory_error
  program_memory memory{};                               ///< the program's allocator; none: the system's
  program_products products{};  ///< the program's BLAS, one for all its hosts; none: what it was linked with
};

/// Belongs to one thread at a time: only one may call it, or a trainer or model on it, at a time. The threads of its
/// own share the work of that call. @throws usage_error in calls by a second thread meanwhile
class host {
 public:
  /// Whether kernels and products are skipped and memory only counted.
  static constexpr bool counts_only = false;
  /// Rows that a product needs to keep it busy: any number will do.
  static constexpr index_t busy_rows = 0;
  /// Tasks that hold scratch memory at the same time, at most. Fixed, so that plans do not depend on the machine.
  static constexpr index_t concurrent_tasks = 16;
  using resource_type = host_resource;
  template <class T>
  using readback = host_readback<T>;
  template <class T>
  using outbox = host_outbox<T>;

  /// @throws value_error for options outside their domain, usage_error for other products than another host's
  explicit host(host_options options = {})
      : resource_(options.budget, {options.memory}),
        pool_(checked_threads(options.threads) > 0 ? options.threads
                                                   : static_cast<int>(std::thread::hardware_concurrency())) {
    detail::use_products(options.products);
  }

  [[nodiscard]] resource_type& memory() { return resource_; }
  /// Where blocks offload what they keep.
  [[nodiscard]] host_offload_store& offload() { return offload_; }
  [[nodiscard]] int threads() const { return pool_.threads(); }
  /// The library that multiplies matrices: its name, version, processor and threads, and what would make it faster.
  [[nodiscard]] static product_library products() { return found_product_library(); }
  /// What the last bits of results depend on, by name. The number of threads is not among it.
  [[nodiscard]] static std::map<std::string, std::string> bits_depend_on() {
    return {{"backend", "host"}, {"products", name_of(products())}};
  }

  /// Runs `task(i)` for `i` in [0, count), in parallel. Tasks must not depend on each other's order, and call nothing
  /// of the backend but `multiply_serial`: it belongs to the thread that called this.
  template <class Task>
  void for_each_task(index_t count, Task const& task) const {
    pool_.run(count, task);
  }

  /// Runs `kernel(group, row)` for every row in [0, rows).
  template <class Kernel>
  void launch(index_t rows, Kernel const& kernel) const {
    auto const alone = resource_.use();
    constexpr index_t block = row_kernel_traits<Kernel>::rows_per_block;
    pool_.run(divide_up(rows, block), [&](index_t i) {
      index_t const end = std::min(rows, (i + 1) * block);
      for (index_t row = i * block; row < end; ++row) { kernel(serial_group{}, row); }
    });
  }

  /// `c = a * b` or `c += a * b` with `c` of `rows x columns` and `inner` products per element, row stride `c_stride`.
  /// @tparam T float, double, or bf16, which is summed in float
  template <class T>
  void multiply(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
                update_mode mode = update_mode::overwrite) const {
    constexpr index_t row_block = 800;
    constexpr index_t column_block = 768;
    auto const alone = resource_.use();
    if (rows * columns * inner <= parallel_threshold) {
      multiply_serial(rows, columns, inner, compute_type<T>{1}, a, b, c, c_stride, mode);
      return;
    }
    index_t const row_blocks = divide_up(rows, row_block);
    index_t const column_blocks = divide_up(columns, column_block);
    // Near-equal pieces in multiples of 16.
    index_t const row_step = round_up(divide_up(rows, std::max<index_t>(row_blocks, column_blocks == 1 ? 2 : 1)), 16);
    index_t const column_step = round_up(divide_up(columns, column_blocks), 16);
    index_t const row_pieces = divide_up(rows, row_step);
    index_t const column_pieces = divide_up(columns, column_step);
    for_each_task(row_pieces * column_pieces, [&](index_t piece) {
      index_t const row = piece % row_pieces * row_step;
      index_t const column = piece / row_pieces * column_step;
      operand<T> a_piece = a;
      a_piece.data += a.transposed ? row : row * a.stride;
      operand<T> b_piece = b;
      b_piece.data += b.transposed ? column * b.stride : column;
      multiply_serial(std::min(row_step, rows - row), std::min(column_step, columns - column), inner,
                      compute_type<T>{1}, a_piece, b_piece, c + row * c_stride + column, c_stride, mode);
    });
  }

  /// The same on the calling thread, scaled: for use inside tasks.
  /// Matrices of bf16 and float may be mixed.
  template <scalar A, scalar B, scalar C>
  static void multiply_serial(index_t rows, index_t columns, index_t inner, compute_type<C> scale, operand<A> a,
                              operand<B> b, C* c, index_t c_stride, update_mode mode) {
    detail::multiply_on_thread(rows, columns, inner, scale, a, b, c, c_stride, mode);
  }

  template <class T>
  void fill_zero(T* data, index_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    auto const alone = resource_.use();
    if (count > 0) { std::memset(static_cast<void*>(data), 0, static_cast<std::size_t>(count) * sizeof(T)); }
  }
  /// Copies between host memory and the backend's: here both are the same.
  template <class T>
  void copy(T const* source, T* target, index_t count) const {
    static_assert(std::is_trivially_copyable_v<T>);
    auto const alone = resource_.use();
    if (count > 0) { std::memcpy(target, source, static_cast<std::size_t>(count) * sizeof(T)); }
  }

 private:
  static int checked_threads(int threads) {
    require_at_least("host: threads", threads, 0);
    return threads;
  }

  static constexpr index_t parallel_threshold = 64 * 64 * 64;

  resource_type resource_;
  host_offload_store offload_;
  mutable task_pool pool_;
};

}  // namespace slimfit
