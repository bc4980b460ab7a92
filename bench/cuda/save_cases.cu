// SPDX-License-Identifier: MIT
// Cases: keeping a dense matrix.
#include <slimfit/kernels/save_rows.hpp>

#include "forms.cuh"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

template <scalar T, int Width, class S>
void add_save(named<S> form) {
  add_case<T>(std::string("save_rows ") + form.name, Width, [](workspace& memory) {
    auto const* const input = memory.read<T>(memory.rows() * Width);
    auto const kept = memory.saved<S, T, Width>(memory.rows());
    return row_task{kernels::save_rows<Width, T, std::remove_cvref_t<decltype(kept)>>{input, kept}, memory.rows()};
  });
}

[[maybe_unused]] bool const added = [] {
  for_scalars([]<class T>() {
    for_matrix_forms([](auto form) { add_save<T, 768>(form); });
    for_matrix_forms([](auto form) { add_save<T, 3072>(form); });
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
