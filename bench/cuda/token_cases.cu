// SPDX-License-Identifier: MIT
// Cases of tokens, and the sums of embeddings' gradients that devices take.
#include "../cases/token_cases.hpp"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

/// @param first_rows of `table_rows`, whose gradients are added up
template <scalar T, int Columns>
void add_gather(cuda_cases const& cases, char const* name, index_t table_rows, index_t first_rows) {
  cases.add<T>(name, Columns, [=](cuda_workspace& memory) {
    constexpr index_t row_bytes = token_width * static_cast<index_t>(sizeof(T));
    index_t const rows = memory.rows();
    auto const values = spread(rows, table_rows);
    auto const* const ids = memory.integers(values);
    index_t const hits = std::count_if(values.begin(), values.end(), [=](auto id) { return id < first_rows; });
    auto const* const source = memory.filled<T>(rows * token_width);
    memory.count_bytes((hits + 2 * first_rows) * row_bytes);
    memory.count_bytes(round_up(rows * 4, sector_bytes));
    index_t const pieces = first_rows * (token_width / Columns);
    memory.count_reread((pieces - 1) * round_up(rows * 4, sector_bytes));  // each team looks through all ids
    auto* const table = memory.allocate<T>(first_rows * token_width);
    return row_task{gather_add_rows<token_width, Columns, T>{ids, source, rows, table, 0}, pieces};
  });
}

[[maybe_unused]] bool const added = add_at_start([](cuda_cases const& cases) {
  add_token_cases(cases);
  cases.for_scalars([&]<class T>() {
    // A part of the table of words, and the table of types.
    add_gather<T, token_width>(cases, "gather_add_rows (words)", vocabulary, 4 * token_width);
    add_gather<T, 64>(cases, "gather_add_rows (types)", 2, 2);
  });
});

}  // namespace
}  // namespace slimfit::bench
