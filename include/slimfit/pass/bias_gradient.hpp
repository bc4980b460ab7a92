// SPDX-License-Identifier: MIT
// Gradient of a bias: column sums in a fixed order, over fixed blocks of rows first and over the blocks' sums then.
#pragma once

#include <slimfit/kernels/row_blocks.hpp>
#include <slimfit/pass/context.hpp>

namespace slimfit {

/// `gradient (+)= column sums of the rows x Width matrix output_gradient`.
template <int Width, class Context, scalar T>
constexpr void add_bias_gradient(Context& run, T const* output_gradient, index_t rows, T* gradient, update_mode mode) {
  index_t const blocks = kernels::row_block_count(rows);
  auto const partial_sums = run.template scratch<compute_type<T>>(blocks * Width);
  using kernel = kernels::column_sums<Width, T>;
  run.launch(kernel::launches(rows), kernel{output_gradient, rows, partial_sums.data()});
  run.launch(kernels::slice_count(Width),
             kernels::sum_rows<Width, compute_type<T>, T>{partial_sums.data(), blocks, gradient, mode});
}

}  // namespace slimfit
