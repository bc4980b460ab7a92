// SPDX-License-Identifier: MIT
// Gradient of a bias: column sums in a fixed order, over fixed blocks of rows first and over the blocks' sums then.
#pragma once

#include <slimfit/pass/waiting_sums.hpp>

namespace slimfit {

/// The blocks of rows whose partial sums make the gradient of a bias,
template <int Width, class Context>
constexpr kernels::row_blocks bias_blocks(Context const& /*run*/, index_t rows) {
  return kernels::blocks_for<typename Context::device_type>(rows, kernels::column_sums<Width, float>::slices);
}
/// and how many there is memory for.
template <int Width, class Context>
constexpr index_t most_bias_blocks(Context const& /*run*/, index_t rows) {
  return kernels::most_blocks_for<typename Context::device_type>(rows, kernels::column_sums<Width, float>::slices);
}

/// Makes the partial sums of the columns of `rows` rows, of which `sums` has room for `most_bias_blocks` or more.
template <class Context, int Width, scalar T>
constexpr void sum_columns(Context& run, T const* matrix, index_t rows, partial_sums<Width, T>& sums) {
  auto const blocks = bias_blocks<Width>(run, rows);
  kernels::column_sums<Width, T> const kernel{matrix, blocks, sums.data()};
  run.launch(kernel.launches(), kernel);
  sums.shrink(blocks.count());
}

/// `gradient (+)= column sums of the rows x Width matrix output_gradient`.
/// @param waiting where it is added up with others, at the latest when they are finished; null: at once
template <int Width, class Context, scalar T>
constexpr void add_bias_gradient(Context& run, T const* output_gradient, index_t rows, T* gradient, update_mode mode,
                                 waiting_sums<T>* waiting = nullptr) {
  partial_sums<Width, T> sums(run, waiting, most_bias_blocks<Width>(run, rows));
  sum_columns(run, output_gradient, rows, sums);
  sums.add_to(run, gradient, mode);
}

}  // namespace slimfit
