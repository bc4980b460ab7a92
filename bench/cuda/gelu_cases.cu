// SPDX-License-Identifier: MIT
// Cases: GELU, by what it keeps, and by what is kept of its output.
#include <slimfit/kernels/gelu.hpp>
#include <slimfit/kernels/restore_rows.hpp>

#include "forms.cuh"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

constexpr int width = 3072;

template <scalar T, class S, class Output>
void add_forward(named<S> form, named<Output> output_form) {
  add_case<T>(std::string("gelu_forward ") + form.name + output_form.name, width, [](workspace& memory) {
    auto const* const input = memory.read<T>(memory.rows() * width);
    auto const* const bias = memory.table<T>(width, memory.rows());
    auto* const output = memory.write<T>(memory.rows() * width);
    auto const kept = memory.saved<S, T, width>(memory.rows());
    auto const kept_output = memory.saved<Output, T, width>(memory.rows());
    using kernel = kernels::gelu_forward<width, T, std::remove_cvref_t<decltype(kept)>,
                                         std::remove_cvref_t<decltype(kept_output)>>;
    return row_task{kernel{input, bias, output, kept, kept_output}, memory.rows()};
  });
}

template <scalar T, class S>
void add_backward(named<S> form) {
  add_case<T>(std::string("gelu_backward ") + form.name, width, [](workspace& memory) {
    auto const kept = memory.kept<S, T, width>(memory.rows());
    auto const* const gradient = memory.read<T>(memory.rows() * width);
    auto* const result = memory.write<T>(memory.rows() * width);
    return row_task{kernels::gelu_backward<width, T, std::remove_cvref_t<decltype(kept)>>{kept, gradient, result},
                    memory.rows()};
  });
}

[[maybe_unused]] bool const added = [] {
  for_scalars([]<class T>() {
    named<stash::none> const nothing{""};
    add_forward<T>(named<stash::none>{"nothing"}, nothing);
    for_gelu_forms([&](auto form) {
      add_forward<T>(form, nothing);
      add_backward<T>(form);
    });
    add_forward<T>(named<stash::gelu_input<coded<format::fixed_point<2, 1>>>>{"input fixed_point<2, 1>"},
                   named<coded<format::fixed_point<3, 4>>>{", output fixed_point<3, 4>"});
    add_forward<T>(named<stash::gelu_derivative<format::gelu_derivative_codebook<4>>>{"derivative codebook<4>"},
                   named<coded<format::affine<8>>>{", output affine<8>"});
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
