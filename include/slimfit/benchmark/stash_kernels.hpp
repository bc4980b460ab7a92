// SPDX-License-Identifier: MIT
// The kernels that write and read what a stash keeps, each with its operands: `kernel(memory)` makes a `row_task` in a
// workspace. Cases that benchmark stashes are made of them.
#pragma once

#include <slimfit/benchmark/kernel.hpp>
#include <slimfit/kernels/gelu.hpp>
#include <slimfit/kernels/layer_norm.hpp>
#include <slimfit/kernels/restore_rows.hpp>
#include <slimfit/kernels/save_rows.hpp>

namespace slimfit::benchmarks {

/// Keeps a dense matrix in `S`.
template <class S, scalar T, int Width>
struct save_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    T const* const input = memory.template read<T>(memory.rows() * Width);
    auto const kept = memory.template saved<S, T, Width>(memory.rows());
    return row_task{kernels::save_rows<Width, T, std::remove_cvref_t<decltype(kept)>>{input, kept}, memory.rows()};
  }
};

/// Makes a dense matrix of what `S` kept.
template <class S, scalar T, int Width>
struct restore_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    auto const kept = memory.template kept<S, T, Width>(memory.rows());
    T* const output = memory.template write<T>(memory.rows() * Width);
    return row_task{kernels::restore_rows<Width, T, std::remove_cvref_t<decltype(kept)>>{kept, output}, memory.rows()};
  }
};

/// GELU that keeps `S`, and its output in `Output`.
template <class S, scalar T, int Width, class Output = stash::none>
struct gelu_forward_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    T const* const input = memory.template read<T>(memory.rows() * Width);
    T const* const bias = memory.template table<T>(Width, memory.rows());
    T* const output = memory.template write<T>(memory.rows() * Width);
    auto const kept = memory.template saved<S, T, Width>(memory.rows());
    auto const kept_output = memory.template saved<Output, T, Width>(memory.rows());
    using kernel = kernels::gelu_forward<Width, T, std::remove_cvref_t<decltype(kept)>,
                                         std::remove_cvref_t<decltype(kept_output)>>;
    return row_task{kernel{input, bias, output, kept, kept_output}, memory.rows()};
  }
};
template <class S, scalar T, int Width>
struct gelu_backward_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    auto const kept = memory.template kept<S, T, Width>(memory.rows());
    T const* const gradient = memory.template read<T>(memory.rows() * Width);
    T* const result = memory.template write<T>(memory.rows() * Width);
    using kernel = kernels::gelu_backward<Width, T, std::remove_cvref_t<decltype(kept)>>;
    return row_task{kernel{kept, gradient, result}, memory.rows()};
  }
};
/// The same with the column sums for the gradient of the bias before it.
template <class S, scalar T, int Width>
struct gelu_backward_sums_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    auto const kept = memory.template kept<S, T, Width>(memory.rows());
    using kernel = kernels::activation_backward_sums<Width, T, std::remove_cvref_t<decltype(kept)>>;
    auto const blocks = kernels::blocks_for<Device>(memory.rows(), kernels::column_sums<Width, T>::slices);
    T const* const gradient = memory.template read<T>(memory.rows() * Width);
    T* const result = memory.template write<T>(memory.rows() * Width);
    kernel const task{kept, gradient, result, blocks, memory.template write<float>(blocks.count() * Width)};
    return row_task{task, task.launches()};
  }
};

/// Keeps rows whose mean is 0 and whose standard deviation is 1.
inline constexpr auto save_normalized = [](auto const& view, index_t row, auto const& values) {
  view.save(serial_group{}, row, values, {0, 1}, values);
};

/// Layer normalisation that keeps `S`.
template <class S, scalar T, int Width>
struct layer_norm_forward_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    T const* const input = memory.template read<T>(memory.rows() * Width);
    T const* const gamma = memory.template table<T>(Width, memory.rows());
    T const* const beta = memory.template table<T>(Width, memory.rows());
    T* const output = memory.template write<T>(memory.rows() * Width);
    auto const kept = memory.template saved<S, T, Width>(memory.rows());
    using kernel = kernels::layer_norm_forward<Width, T, std::remove_cvref_t<decltype(kept)>>;
    return row_task{kernel{input, gamma, beta, output, 1e-6F, kept}, memory.rows()};
  }
};
template <class S, scalar T, int Width, kernels::parameter_gradients Wanted = kernels::parameter_gradients::all>
struct layer_norm_backward_case {
  template <class Device>
  auto operator()(workspace<Device>& memory) const {
    constexpr bool all = Wanted == kernels::parameter_gradients::all;
    constexpr bool some = Wanted != kernels::parameter_gradients::none;
    auto const row_blocks = kernels::blocks_for<Device>(memory.rows(), 1);
    index_t const blocks = row_blocks.count();
    auto const kept = memory.template kept<S, T, Width>(memory.rows(), save_normalized);
    T const* const gradient = memory.template read<T>(memory.rows() * Width);
    T const* const gamma = memory.template table<T>(Width, some ? blocks : memory.rows());
    T* const result = memory.template write<T>(memory.rows() * Width);
    float* const gamma_partials = all ? memory.template write<float>(blocks * Width) : nullptr;
    float* const beta_partials = some ? memory.template write<float>(blocks * Width) : nullptr;
    using kernel = kernels::layer_norm_backward<Width, T, std::remove_cvref_t<decltype(kept)>, Wanted>;
    kernel const task{kept,           gradient,     gamma, result, 1e-6F, row_blocks, update_mode::overwrite,
                      gamma_partials, beta_partials};
    return row_task{task, task.launches()};
  }
};

}  // namespace slimfit::benchmarks
