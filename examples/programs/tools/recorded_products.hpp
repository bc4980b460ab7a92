// SPDX-License-Identifier: MIT
// The matrix products of a training step, recorded while it runs and run again without anything else: the time that the
// rest of the step is compared with.
#pragma once

#include <slimfit/backend/host.hpp>

#include <vector>

namespace examples {

using slimfit::index_t;

/// The sizes of one product: see `host::multiply`.
struct product {
  index_t rows;
  index_t columns;
  index_t inner;
  bool a_transposed;
  bool b_transposed;
  index_t a_stride;
  index_t b_stride;
  index_t c_stride;
  slimfit::update_mode mode;
};

/// Either one product that the backend runs on all its threads (one task), or products that run serially in parallel
/// tasks, as those of attention's heads do.
struct product_group {
  bool is_serial = false;
  std::vector<std::vector<product>> tasks;
};
using product_list = std::vector<product_group>;

/// The host backend, writing down its products.
class recording_host : public slimfit::host {
 public:
  using slimfit::host::host;

  /// Appends the products from now on to `list`; null stops that.
  void record(product_list* list) { list_ = list; }

  template <class Task>
  void for_each_task(index_t count, Task const& task) const {
    if (list_ == nullptr) {
      slimfit::host::for_each_task(count, task);
      return;
    }
    product_group group{true, std::vector<std::vector<product>>(static_cast<std::size_t>(count))};
    slimfit::host::for_each_task(count, [&](index_t i) {
      current_task() = &group.tasks[static_cast<std::size_t>(i)];
      task(i);
      current_task() = nullptr;
    });
    list_->push_back(std::move(group));
  }
  template <class T>
  void multiply(index_t rows, index_t columns, index_t inner, slimfit::operand<T> a, slimfit::operand<T> b, T* c,
                index_t c_stride, slimfit::update_mode mode = slimfit::update_mode::overwrite) const {
    if (list_ != nullptr) { list_->push_back({false, {{describe(rows, columns, inner, a, b, c_stride, mode)}}}); }
    slimfit::host::multiply(rows, columns, inner, a, b, c, c_stride, mode);
  }
  template <slimfit::scalar A, slimfit::scalar B, slimfit::scalar C>
  static void multiply_serial(index_t rows, index_t columns, index_t inner, slimfit::compute_type<C> scale,
                              slimfit::operand<A> a, slimfit::operand<B> b, C* c, index_t c_stride,
                              slimfit::update_mode mode) {
    if (current_task() != nullptr) { current_task()->push_back(describe(rows, columns, inner, a, b, c_stride, mode)); }
    slimfit::host::multiply_serial(rows, columns, inner, scale, a, b, c, c_stride, mode);
  }

 private:
  /// Where the task that this thread runs writes its products.
  static std::vector<product>*& current_task() {
    thread_local std::vector<product>* task = nullptr;
    return task;
  }
  template <class A, class B>
  static product describe(index_t rows, index_t columns, index_t inner, slimfit::operand<A> const& a,
                          slimfit::operand<B> const& b, index_t c_stride, slimfit::update_mode mode) {
    return {rows, columns, inner, a.transposed, b.transposed, a.stride, b.stride, c_stride, mode};
  }

  product_list* list_ = nullptr;
};

/// Runs recorded products on numbers of its own: always the same two operands and, for each task, the same result, so
/// that no step could have its data closer.
/// @tparam T of all numbers, also where a step mixes bf16 and float
template <class T>
class product_player {
 public:
  /// Memory that it holds, all of it resident.
  [[nodiscard]] index_t bytes() const { return static_cast<index_t>((a_.size() + b_.size() + c_.size()) * sizeof(T)); }

  void play(slimfit::host const& device, product_list const& list) {
    for (auto const& group : list) {
      reserve(group);
      if (!group.is_serial) {
        auto const& each = group.tasks[0][0];
        device.multiply(each.rows, each.columns, each.inner, a(each), b(each), c_.data(), each.c_stride, each.mode);
        continue;
      }
      auto const room = c_.size() / group.tasks.size();
      device.for_each_task(static_cast<index_t>(group.tasks.size()), [&](index_t i) {
        auto const task = static_cast<std::size_t>(i);
        for (auto const& each : group.tasks[task]) {
          slimfit::host::multiply_serial(each.rows, each.columns, each.inner, slimfit::compute_type<T>{1}, a(each),
                                         b(each), c_.data() + task * room, each.c_stride, each.mode);
        }
      });
    }
  }

 private:
  [[nodiscard]] slimfit::operand<T> a(product const& each) const {
    return {a_.data(), each.a_stride, each.a_transposed};
  }
  [[nodiscard]] slimfit::operand<T> b(product const& each) const {
    return {b_.data(), each.b_stride, each.b_transposed};
  }
  /// Makes room for the operands and results of a group.
  void reserve(product_group const& group) {
    for (auto const& task : group.tasks) {
      for (auto const& each : task) {
        grow(a_, (each.a_transposed ? each.inner : each.rows) * each.a_stride, 1);
        grow(b_, (each.b_transposed ? each.columns : each.inner) * each.b_stride, 1);
        grow(c_, each.rows * each.c_stride, group.tasks.size());
      }
    }
  }
  static void grow(std::vector<T>& numbers, index_t count, std::size_t times) {
    std::size_t const size = static_cast<std::size_t>(slimfit::round_up(count, 16)) * times;
    if (size > numbers.size()) { numbers.resize(size, static_cast<T>(0.01F)); }
  }

  std::vector<T> a_;
  std::vector<T> b_;
  std::vector<T> c_;
};

}  // namespace examples
