// SPDX-License-Identifier: MIT
// The host with a device's wish for many rows at a time, which notes its products.
#pragma once

#include <vector>

#include <slimfit/backend/host.hpp>

namespace slimfit::testing {

/// @tparam Rows that it wants at a time
template <index_t Rows>
struct wide_host : host {
  using host::host;
  static constexpr index_t busy_rows = Rows;

  struct product {
    index_t rows = 0;
    index_t columns = 0;
    index_t inner = 0;
  };
  std::vector<product> products;

  template <class T>
  void multiply(index_t rows, index_t columns, index_t inner, operand<T> a, operand<T> b, T* c, index_t c_stride,
                update_mode mode = update_mode::overwrite) {
    products.push_back({rows, columns, inner});
    host::multiply(rows, columns, inner, a, b, c, c_stride, mode);
  }
};

}  // namespace slimfit::testing
