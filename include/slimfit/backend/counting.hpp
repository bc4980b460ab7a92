// SPDX-License-Identifier: MIT
// A backend that runs nothing: the library's own forward and backward code over it visits every allocation and no
// element, which makes a memory plan, at compile time where the caller wants it there.
#pragma once

#include <slimfit/backend/device.hpp>
#include <slimfit/backend/unit_costs.hpp>
#include <slimfit/core/matrix_product.hpp>
#include <slimfit/memory/offload_store.hpp>

namespace slimfit {

/// Where only what is stored matters: that is the same on all backends.
struct any_backend {
  static constexpr index_t busy_rows = 0;
};

/// @tparam Planned the backend whose memory is planned
template <class Planned = any_backend>
struct counting {
  static constexpr bool counts_only = true;
  static constexpr index_t busy_rows = Planned::busy_rows;
  static constexpr index_t busy_pieces = device_traits<Planned>::busy_pieces;

  constexpr counting() = default;
  /// Also adds up what units cost.
  constexpr explicit counting(unit_costs& costs) : costs_(&costs) {}

  /// Where costs of units are added up, or null.
  [[nodiscard]] constexpr unit_costs* costs() const { return costs_; }
  [[nodiscard]] constexpr counted_offload_store& offload() { return offload_; }
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

 private:
  counted_offload_store offload_;
  unit_costs* costs_ = nullptr;
};

}  // namespace slimfit
