// SPDX-License-Identifier: MIT
// Cases: rows that are added, summed, dropped out or put through tanh.
#include <slimfit/kernels/bias.hpp>
#include <slimfit/kernels/center_keys.hpp>
#include <slimfit/kernels/dropout.hpp>
#include <slimfit/kernels/layer_scale.hpp>
#include <slimfit/kernels/tanh.hpp>

#include "forms.cuh"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

using namespace kernels;

template <scalar T, int Width>
void add_bias_and_sums() {
  add_case<T>("broadcast_bias", Width, [](workspace& memory) {
    index_t const rows = memory.rows();
    auto const* const bias = memory.table<T>(Width, rows);
    auto const* const source = memory.read<T>(rows * Width);
    return row_task{broadcast_bias<Width, T>{bias, source, memory.write<T>(rows * Width)}, rows};
  });
  add_case<T>("column_sums", Width, [](workspace& memory) {
    index_t const rows = memory.rows();
    index_t const blocks = row_block_count(rows);
    auto const* const source = memory.read<T>(rows * Width);
    using kernel = column_sums<Width, T>;
    return row_task{kernel{source, rows, memory.write<float>(blocks * Width)}, kernel::launches(rows)};
  });
  add_case<T>("sum_rows", Width, [](workspace& memory) {
    index_t const blocks = row_block_count(memory.rows());
    auto const* const partials = memory.read<float>(blocks * Width);
    return row_task{sum_rows<Width, float, T>{partials, blocks, memory.write<T>(Width)}, slice_count(Width)};
  });
}

template <scalar T, int Width>
void add_elementwise() {
  add_case<T>("add_dropped", Width, [](workspace& memory) {
    index_t const count = memory.rows() * Width;
    auto const* const input = memory.read<T>(count);
    auto* const sums = memory.update<T>(count);
    using kernel = add_dropped<Width, T, percent<10>>;
    return row_task{kernel{input, sums, sums, random_stream{.seed = 1}, row_numbers{}}, memory.rows()};
  });
  add_case<T>("scale_columns", Width, [](workspace& memory) {
    index_t const count = memory.rows() * Width;
    auto const* const input = memory.read<T>(count);
    auto const* const scale = memory.table<T>(Width, memory.rows());
    auto* const sums = memory.update<T>(count);
    return row_task{scale_columns<Width, T>{input, scale, sums, sums}, memory.rows()};
  });
  add_case<T>("layer_scale_gradients", Width, [](workspace& memory) {
    index_t const outputs = memory.rows();
    auto const* const scale = memory.read<T>(outputs);
    auto const* const weight = memory.read<T>(outputs * Width);
    auto const* const bias = memory.read<T>(outputs);
    auto* const gradient = memory.update<T>(outputs * Width);
    auto* const bias_gradient = memory.update<T>(outputs);
    using kernel = layer_scale_gradients<Width, T>;
    return row_task{kernel{scale, weight, bias, gradient, bias_gradient, memory.write<T>(outputs)}, outputs};
  });
  add_case<T>("dropout", Width, [](workspace& memory) {
    index_t const rows = memory.rows();
    auto const* const input = memory.read<T>(rows * Width);
    using kernel = dropout<Width, T, percent<10>>;
    return row_task{kernel{input, memory.write<T>(rows * Width), random_stream{}}, rows};
  });
  add_case<T>("tanh_forward", Width, [](workspace& memory) {
    index_t const rows = memory.rows();
    auto const* const input = memory.read<T>(rows * Width);
    return row_task{tanh_forward<Width, T>{input, memory.write<T>(rows * Width)}, rows};
  });
  add_case<T>("tanh_backward", Width, [](workspace& memory) {
    index_t const rows = memory.rows();
    auto const* const output = memory.read<T>(rows * Width);
    auto const* const gradient = memory.read<T>(rows * Width);
    return row_task{tanh_backward<Width, T>{output, gradient, memory.write<T>(rows * Width)}, rows};
  });
  add_case<T>("center_keys", Width, [](workspace& memory) {
    index_t const elements = memory.rows() * Width;
    auto* const keys = memory.update<T>(elements);
    memory.reread(elements * static_cast<index_t>(sizeof(T)));  // for the sum, then for the difference
    return row_task{center_keys<Width, T>{keys, {.tokens = workspace::tokens}}, memory.sequences()};
  });
}

[[maybe_unused]] bool const added = [] {
  for_scalars([]<class T>() {
    add_bias_and_sums<T, 768>();
    add_bias_and_sums<T, 3072>();
    add_elementwise<T, 768>();
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
