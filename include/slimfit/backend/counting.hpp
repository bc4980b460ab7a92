// SPDX-License-Identifier: MIT
// A backend that runs nothing: the library's own forward and backward code over it visits every allocation and no
// element, which makes a memory plan, at compile time where the caller wants it there.
#pragma once

#include <slimfit/backend/matrix_product.hpp>

namespace slimfit {

struct counting {
  static constexpr bool counts_only = true;

  /// @param tasks `concurrent_tasks` of the backend that is planned for
  constexpr explicit counting(index_t tasks = 16) : concurrent_tasks(tasks) {}

  template <class Task>
  constexpr void for_each_task(index_t /*count*/, Task const& /*task*/) const {}
  template <class Kernel>
  constexpr void launch(index_t /*rows*/, Kernel const& /*kernel*/) const {}
  template <class T>
  constexpr void multiply(index_t /*rows*/, index_t /*columns*/, index_t /*inner*/, operand<T> /*a*/, operand<T> /*b*/,
                          T* /*c*/, index_t /*c_stride*/, update_mode /*mode*/ = update_mode::overwrite) const {}
  template <class T>
  constexpr void fill_zero(T* /*data*/, index_t /*count*/) const {}
  template <class T>
  constexpr void copy(T const* /*source*/, T* /*target*/, index_t /*count*/) const {}

  index_t concurrent_tasks;
};

}  // namespace slimfit
