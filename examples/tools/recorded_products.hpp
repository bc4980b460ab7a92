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

/// The host backend, writing down its products of float numbers.
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
  template <class T>
  static void multiply_serial(index_t rows, index_t columns, index_t inner, T scale, slimfit::operand<T> a,
                              slimfit::operand<T> b, T* c, index_t c_stride, slimfit::update_mode mode) {
    if (current_task() != nullptr) { current_task()->push_back(describe(rows, columns, inner, a, b, c_stride, mode)); }
    slimfit::host::multiply_serial(rows, columns, inner, scale, a, b, c, c_stride, mode);
  }

 private:
  /// Where the task that this thread runs writes its products.
  static std::vector<product>*& current_task() {
    thread_local std::vector<product>* task = nullptr;
    return task;
  }
  template <class T>
  static product describe(index_t rows, index_t columns, index_t inner, slimfit::operand<T> const& a,
                          slimfit::operand<T> const& b, index_t c_stride, slimfit::update_mode mode) {
    return {rows, columns, inner, a.transposed, b.transposed, a.stride, b.stride, c_stride, mode};
  }

  product_list* list_ = nullptr;
};

/// Runs recorded products on numbers of its own. Operands follow each other in a block that is larger than caches are,
/// so that they come from memory as a step's do.
class product_player {
 public:
  product_player() : numbers_(block) {
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      numbers_[i] = 0.01F * (static_cast<float>(i % 17) - 8.0F);  // no product overflows or becomes denormal
    }
  }

  void play(slimfit::host const& device, product_list const& list) {
    for (auto const& group : list) {
      if (!group.is_serial) {
        auto const& each = group.tasks[0][0];
        auto const places = next_places(each);
        device.multiply(each.rows, each.columns, each.inner, places.a, places.b, places.c, each.c_stride, each.mode);
        continue;
      }
      std::vector<std::vector<operands>> places;
      for (auto const& task : group.tasks) {
        auto& own = places.emplace_back();
        for (auto const& each : task) { own.push_back(next_places(each)); }
      }
      device.for_each_task(static_cast<index_t>(group.tasks.size()), [&](index_t i) {
        auto const& task = group.tasks[static_cast<std::size_t>(i)];
        for (std::size_t j = 0; j < task.size(); ++j) {
          auto const& [a, b, c] = places[static_cast<std::size_t>(i)][j];
          slimfit::host::multiply_serial(task[j].rows, task[j].columns, task[j].inner, 1.0F, a, b, c, task[j].c_stride,
                                         task[j].mode);
        }
      });
    }
  }

 private:
  struct operands {
    slimfit::operand<float> a;
    slimfit::operand<float> b;
    float* c;
  };

  operands next_places(product const& each) {
    return {{next(each.a_transposed ? each.inner : each.rows, each.a_stride), each.a_stride, each.a_transposed},
            {next(each.b_transposed ? each.columns : each.inner, each.b_stride), each.b_stride, each.b_transposed},
            next(each.rows, each.c_stride)};
  }
  float* next(index_t rows, index_t stride) {
    auto const count = static_cast<std::size_t>(slimfit::round_up(rows * stride, 16));
    if (count > numbers_.size()) { numbers_.resize(count, 0.01F); }
    if (used_ + count > numbers_.size()) { used_ = 0; }
    float* const place = numbers_.data() + used_;
    used_ += count;
    return place;
  }

  static constexpr std::size_t block = std::size_t{64} << 20U;
  std::vector<float> numbers_;
  std::size_t used_ = 0;
};

}  // namespace examples
