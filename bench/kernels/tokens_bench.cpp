// SPDX-License-Identifier: MIT
// Bandwidth on one core of the kernels that gather, scatter and sum over tokens, and of the losses.
#include <slimfit/benchmark.hpp>
#include <slimfit/kernels/squared_error.hpp>

#include "../cases/token_cases.hpp"

namespace {

using namespace slimfit;

/// The sums of embeddings' gradients that the host takes.
void add_scatter() {
  benchmarks::kernel("scatter_add_columns", [](auto& memory) {
    constexpr int width = bench::token_width;
    index_t const rows = memory.rows();
    auto const* const gradient = memory.template read<float>(rows * width);
    auto const* const ids = memory.integers(bench::spread(rows, bench::vocabulary));
    memory.count_bytes(4 * rows);
    auto* const table = memory.template allocate<float>(bench::vocabulary * width);
    memory.count_bytes(2 * rows * width * 4);  // a row of the table for each of the gradient
    using kernel = kernels::scatter_add_columns<width, float>;
    return benchmarks::row_task{kernel{ids, gradient, rows, table, 0, bench::vocabulary}, width / kernel::columns};
  });
}

void add_squared_error() {
  benchmarks::kernel("squared_error", [](auto& memory) {
    constexpr index_t samples = 1 << 16;
    auto const* const scores = memory.template read<float>(samples);
    auto const* const targets = memory.template read<float>(samples);
    auto* const gradient = memory.template write<float>(samples);
    auto* const results = memory.template write<sample_result>(samples);
    return benchmarks::row_task{kernels::squared_error<float>{scores, targets, 1, gradient, results}, samples};
  });
}

}  // namespace

int main(int argc, char** argv) {
  bench::add_token_cases(bench::host_cases{});
  add_scatter();
  add_squared_error();
  return benchmarks::run(argc, argv);
}
