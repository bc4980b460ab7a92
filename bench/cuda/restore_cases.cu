// SPDX-License-Identifier: MIT
// Cases: making a dense matrix of what was kept.
#include <slimfit/kernels/restore_rows.hpp>

#include "forms.cuh"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

template <scalar T, int Width, class S>
void add_restore(named<S> form) {
  add_case<T>(std::string("restore_rows ") + form.name, Width, [](workspace& memory) {
    auto const kept = memory.kept<S, T, Width>(memory.rows());
    auto* const output = memory.write<T>(memory.rows() * Width);
    return row_task{kernels::restore_rows<Width, T, std::remove_cvref_t<decltype(kept)>>{kept, output}, memory.rows()};
  });
}

[[maybe_unused]] bool const added = [] {
  for_scalars([]<class T>() {
    for_matrix_forms([](auto form) { add_restore<T, 768>(form); });
    for_matrix_forms([](auto form) { add_restore<T, 3072>(form); });
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
