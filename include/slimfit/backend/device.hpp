// SPDX-License-Identifier: MIT
// What a backend is, for layers, models and trainers: where memory comes from, what runs kernels and products, and what
// it may have beyond that.
#pragma once

#include <concepts>

#include <slimfit/core/config.hpp>
#include <slimfit/core/matrix_product.hpp>

namespace slimfit {

namespace detail {
/// A kernel for asking what a backend has.
struct no_kernel {
  template <class Group>
  SLIMFIT_HD constexpr void operator()(Group /*group*/, index_t /*row*/) const {}
};
struct no_work {
  constexpr void operator()() const {}
};
}  // namespace detail

/// A backend, as far as layers use it.
/// `counts_only`: nothing runs, memory is counted. `busy_rows`: rows that products need to keep it busy, 0 where any
/// number will do. `launch(rows, kernel)`: see rows/row_kernel.hpp. `multiply(rows, columns, inner, a, b, c, c_stride,
/// mode)`: see host::multiply. `fill_zero(data, count)` and `copy(source, target, count)`, elements of its own memory
/// or of the program's. `offload()`: where blocks offload what they keep, see memory/offload_store.hpp.
template <class D>
concept layer_device = requires(D& device, operand<float> a, float* data, index_t n) {
  { D::counts_only } -> std::convertible_to<bool>;
  { D::busy_rows } -> std::convertible_to<index_t>;
  device.launch(n, detail::no_kernel{});
  device.multiply(n, n, n, a, a, data, n, update_mode::overwrite);
  device.fill_zero(data, n);
  device.copy(data, data, n);
  device.offload();
};

/// A backend, as far as models and trainers use it: also has accounted memory and ways to read results back.
/// `memory()`: its resource, a `resource_type`, see memory/resource.hpp. `readback<T>`: numbers that are copied to the
/// host beside later work; `outbox<T>`: numbers that are copied to the device so.
template <class D>
concept training_device = layer_device<D> && requires(D& device) {
  typename D::resource_type;
  typename D::template readback<float>;
  typename D::template outbox<float>;
  { device.memory() } -> std::same_as<typename D::resource_type&>;
};

/// What a backend has beyond that, by members of the same names, all of them optional. (Where it has `range(name,
/// number)`, what is enqueued while the result lives has that name in profiles, see memory/recorded_scope.hpp.)
template <class D>
struct device_traits {
  /// Bytes in category::workspace that it holds as long as it lives; every model on it counts them as its own.
  static constexpr index_t workspace_bytes = [] {
    if constexpr (requires { D::workspace_bytes; }) {
      return D::workspace_bytes;
    } else {
      return index_t{0};
    }
  }();
  /// Tasks of `for_each_task(count, task)` that hold scratch memory at the same time; 0: it has no tasks.
  static constexpr index_t concurrent_tasks = [] {
    if constexpr (requires { D::concurrent_tasks; }) {
      return D::concurrent_tasks;
    } else {
      return index_t{0};
    }
  }();
  /// Whether `multiply_add` adds a bias and a matrix to a product without another pass over it.
  static constexpr bool fuses_addends = [] {
    if constexpr (requires { D::fuses_addends; }) {
      return D::fuses_addends;
    } else {
      return false;
    }
  }();
  /// Whether thousands of groups run at once: kernels for which that pays have a form that gives each less to do.
  static constexpr bool runs_many_groups = [] {
    if constexpr (requires { D::runs_many_groups; }) {
      return D::runs_many_groups;
    } else {
      return false;
    }
  }();
  /// Teams of groups that sums over rows need to keep it busy, see kernels/row_blocks.hpp; 0: any number will do, and a
  /// launch costs nothing.
  static constexpr index_t busy_pieces = [] {
    if constexpr (requires { D::busy_pieces; }) {
      return D::busy_pieces;
    } else {
      return index_t{0};
    }
  }();
  /// Whether `rehearse(enqueue)` runs `enqueue()` for what it needs beside its memory, without enqueueing.
  static constexpr bool rehearses = requires(D & device) { device.rehearse(detail::no_work{}); };
  /// Whether work can be recorded and enqueued again: `recording`, `record(enqueue)`, `replay(recording)`.
  static constexpr bool records = requires { typename D::recording; };
  /// Whether `bits_depend_on()` says by name what the last bits of results depend on.
  static constexpr bool tells_bits = requires { D::bits_depend_on(); };
};

}  // namespace slimfit
