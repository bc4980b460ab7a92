// SPDX-License-Identifier: MIT
// Cases: layer normalisation, by what it keeps.
#include <slimfit/kernels/layer_norm.hpp>
#include <slimfit/kernels/restore_rows.hpp>

#include "forms.cuh"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

constexpr int width = 768;
constexpr auto save_normalized = [](auto const& view, index_t row, auto const& values) {
  view.save(serial_group{}, row, values, {0, 1}, values);
};

template <scalar T, class S>
void add_forward(named<S> form) {
  add_case<T>(std::string("layer_norm_forward ") + form.name, width, [](workspace& memory) {
    auto const* const input = memory.read<T>(memory.rows() * width);
    auto const* const gamma = memory.table<T>(width, memory.rows());
    auto const* const beta = memory.table<T>(width, memory.rows());
    auto* const output = memory.write<T>(memory.rows() * width);
    auto const kept = memory.saved<S, T, width>(memory.rows());
    return row_task{kernels::layer_norm_forward<width, T, std::remove_cvref_t<decltype(kept)>>{input, gamma, beta,
                                                                                               output, 1e-6F, kept},
                    memory.rows()};
  });
}

template <scalar T, kernels::parameter_gradients Wanted, class S>
void add_backward(named<S> form) {
  constexpr bool all = Wanted == kernels::parameter_gradients::all;
  add_case<T>(std::string("layer_norm_backward ") + (all ? "" : "(frozen) ") + form.name, width, [](workspace& memory) {
    index_t const blocks = kernels::row_block_count(memory.rows());
    auto const kept = memory.kept<S, T, width>(memory.rows(), save_normalized);
    auto const* const gradient = memory.read<T>(memory.rows() * width);
    auto const* const gamma = memory.table<T>(width, all ? blocks : memory.rows());
    auto* const result = memory.write<T>(memory.rows() * width);
    float* const gamma_partials = all ? memory.write<float>(blocks * width) : nullptr;
    float* const beta_partials = all ? memory.write<float>(blocks * width) : nullptr;
    using kernel = kernels::layer_norm_backward<width, T, std::remove_cvref_t<decltype(kept)>, Wanted>;
    return row_task{kernel{kept, gradient, gamma, result, 1e-6F, memory.rows(), update_mode::overwrite, gamma_partials,
                           beta_partials},
                    kernel::launches(memory.rows())};
  });
}

/// The input of the next linear layer, computed again.
template <scalar T, class S>
void add_output(named<S> form) {
  add_case<T>(std::string("restore_rows layer_norm_output ") + form.name, width, [](workspace& memory) {
    auto const kept = memory.kept<S, T, width>(memory.rows(), save_normalized);
    auto const* const gamma = memory.table<T>(width, memory.rows());
    auto const* const beta = memory.table<T>(width, memory.rows());
    auto* const output = memory.write<T>(memory.rows() * width);
    using source = stash::layer_norm_output<width, T, std::remove_cvref_t<decltype(kept)>>;
    return row_task{kernels::restore_rows<width, T, source>{{kept, gamma, beta, 1e-6F}, output}, memory.rows()};
  });
}

[[maybe_unused]] bool const added = [] {
  for_scalars([]<class T>() {
    for_layer_norm_forms([](auto form) {
      add_forward<T>(form);
      add_backward<T, kernels::parameter_gradients::all>(form);
      add_backward<T, kernels::parameter_gradients::none>(form);
    });
    add_output<T>(named<stash::layer_norm_normalized<stash::dense>>{"normalised"});
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
