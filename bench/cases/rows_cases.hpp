// SPDX-License-Identifier: MIT
// Cases: rows that are added, summed, dropped out or put through tanh.
#pragma once

#include <slimfit/kernels/bias.hpp>
#include <slimfit/kernels/center_keys.hpp>
#include <slimfit/kernels/dropout.hpp>
#include <slimfit/kernels/layer_scale.hpp>
#include <slimfit/kernels/tanh.hpp>

#include "cases.hpp"

namespace slimfit::bench {

using namespace kernels;

template <scalar T, int Width, class Cases>
void add_bias_and_sums(Cases const& cases) {
  cases.template add<T>("broadcast_bias", Width, [](auto& memory) {
    index_t const rows = memory.rows();
    auto const* const bias = memory.template table<T>(Width, rows);
    auto const* const source = memory.template read<T>(rows * Width);
    return row_task{broadcast_bias<Width, T>{bias, source, memory.template write<T>(rows * Width)}, rows};
  });
  cases.template add<T>("column_sums", Width, []<class Device>(workspace<Device>& memory) {
    using kernel = column_sums<Width, T>;
    auto const blocks = blocks_for<Device>(memory.rows(), kernel::slices);
    auto const* const source = memory.template read<T>(memory.rows() * Width);
    kernel const task{source, blocks, memory.template write<float>(blocks.count() * Width)};
    return row_task{task, task.launches()};
  });
  cases.template add<T>("sum_rows", Width, []<class Device>(workspace<Device>& memory) {
    index_t const count = blocks_for<Device>(memory.rows(), column_sums<Width, T>::slices).count();
    auto const* const partials = memory.template read<float>(count * Width);
    return row_task{sum_rows<float, T>{partials, count, Width, memory.template write<T>(Width)}, slice_count(Width)};
  });
}

template <scalar T, int Width, class Cases>
void add_elementwise(Cases const& cases) {
  cases.template add<T>("add_dropped", Width, [](auto& memory) {
    index_t const count = memory.rows() * Width;
    auto const* const input = memory.template read<T>(count);
    auto* const sums = memory.template update<T>(count);
    using kernel = add_dropped<Width, T, percent<10>>;
    return row_task{kernel{input, sums, sums, random_stream{.seed = 1}, row_numbers{}}, memory.rows()};
  });
  cases.template add<T>("scale_columns", Width, [](auto& memory) {
    index_t const count = memory.rows() * Width;
    auto const* const input = memory.template read<T>(count);
    auto const* const scale = memory.template table<T>(Width, memory.rows());
    auto* const sums = memory.template update<T>(count);
    return row_task{scale_columns<Width, T>{input, scale, sums, sums}, memory.rows()};
  });
  cases.template add<T>("layer_scale_gradients", Width, [](auto& memory) {
    index_t const outputs = memory.rows();
    auto const* const scale = memory.template read<T>(outputs);
    auto const* const weight = memory.template read<T>(outputs * Width);
    auto const* const bias = memory.template read<T>(outputs);
    auto* const gradient = memory.template update<T>(outputs * Width);
    auto* const bias_gradient = memory.template update<T>(outputs);
    using kernel = layer_scale_gradients<Width, T>;
    return row_task{kernel{scale, weight, bias, gradient, bias_gradient, memory.template write<T>(outputs)}, outputs};
  });
  cases.template add<T>("dropout", Width, [](auto& memory) {
    index_t const rows = memory.rows();
    auto const* const input = memory.template read<T>(rows * Width);
    using kernel = kernels::dropout<Width, T, percent<10>>;
    return row_task{kernel{input, memory.template write<T>(rows * Width), random_stream{}}, rows};
  });
  cases.template add<T>("tanh_forward", Width, [](auto& memory) {
    index_t const rows = memory.rows();
    auto const* const input = memory.template read<T>(rows * Width);
    return row_task{tanh_forward<Width, T>{input, memory.template write<T>(rows * Width)}, rows};
  });
  cases.template add<T>("tanh_backward", Width, [](auto& memory) {
    index_t const rows = memory.rows();
    auto const* const output = memory.template read<T>(rows * Width);
    auto const* const gradient = memory.template read<T>(rows * Width);
    return row_task{tanh_backward<Width, T>{output, gradient, memory.template write<T>(rows * Width)}, rows};
  });
  cases.template add<T>("center_keys", Width, [](auto& memory) {
    index_t const elements = memory.rows() * Width;
    auto* const keys = memory.template update<T>(elements);
    memory.count_reread(elements * static_cast<index_t>(sizeof(T)));  // for the sum, then for the difference
    using kernel = center_keys<Width, T>;
    return row_task{kernel{keys, {.tokens = sequence_tokens}}, kernel::launches(memory.sequences())};
  });
}

template <class Cases>
void add_rows_cases(Cases const& cases) {
  cases.for_scalars([&]<class T>() {
    add_bias_and_sums<T, 768>(cases);
    add_bias_and_sums<T, 3072>(cases);
    add_elementwise<T, 768>(cases);
  });
}

}  // namespace slimfit::bench
