// SPDX-License-Identifier: MIT
// What a matrix product is asked to do, the same for every backend. Matrices are row-major.
#pragma once

#include <slimfit/core/config.hpp>

namespace slimfit {

/// A row-major operand. `transposed` reads it as its transpose; `stride` is the distance of rows in memory.
template <class T>
struct operand {
  T const* data = nullptr;
  index_t stride = 0;
  bool transposed = false;
};

/// What is added to a product's result: a bias of one number per column, and a matrix with the result's stride (which
/// may be the result itself). Null: nothing.
template <class T>
struct product_addends {
  T const* bias = nullptr;
  T const* matrix = nullptr;
};

/// Whether a product replaces the result or is added to it.
enum class update_mode : unsigned char { overwrite, accumulate };

}  // namespace slimfit
