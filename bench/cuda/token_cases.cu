// SPDX-License-Identifier: MIT
// Cases: embeddings, patches, tokens of sequences, and the loss.
#include <algorithm>

#include <slimfit/kernels/cross_entropy.hpp>
#include <slimfit/kernels/embedding.hpp>
#include <slimfit/kernels/patches.hpp>
#include <slimfit/kernels/span_cross_entropy.hpp>
#include <slimfit/kernels/token_rows.hpp>

#include "forms.cuh"
#include "kernel_cases.cuh"

namespace slimfit::bench {
namespace {

using namespace kernels;

constexpr int width = 768;
constexpr index_t vocabulary = 30522;
constexpr index_t tokens = workspace::tokens;

/// Numbers below `end`, spread out.
std::vector<std::int32_t> spread(index_t count, index_t end) {
  std::vector<std::int32_t> values;
  for (index_t i = 0; i < count; ++i) { values.push_back(static_cast<std::int32_t>(i * 7919 % end)); }
  return values;
}

/// @param first_rows of `table_rows`, whose gradients are added up
template <scalar T, int Columns>
void add_gather(char const* name, index_t table_rows, index_t first_rows) {
  add_case<T>(name, Columns, [=](workspace& memory) {
    constexpr index_t row_bytes = width * sizeof(T);
    index_t const rows = memory.rows();
    auto const values = spread(rows, table_rows);
    auto const* const ids = memory.integers(values);
    index_t const hits = std::count_if(values.begin(), values.end(), [=](auto id) { return id < first_rows; });
    auto const* const source = memory.filled<T>(rows * width);
    memory.count_bytes((hits + 2 * first_rows) * row_bytes);
    memory.count_bytes(round_up(rows * 4, sector_bytes));
    index_t const pieces = first_rows * (width / Columns);
    memory.reread((pieces - 1) * round_up(rows * 4, sector_bytes));  // each team looks through all ids
    auto* const table = memory.allocate<T>(first_rows * width);
    return row_task{gather_add_rows<width, Columns, T>{ids, source, rows, table, 0}, pieces};
  });
}

template <scalar T>
void add_embeddings() {
  constexpr index_t row_bytes = width * sizeof(T);
  add_case<T>("embed_tokens", width, [](workspace& memory) {
    index_t const rows = memory.rows();
    auto const* const words = memory.allocate<T>(vocabulary * width);
    memory.count_bytes(rows * row_bytes);
    auto const* const types = memory.table<T>(2 * width, rows);
    memory.reread(-rows * row_bytes);  // a row reads one of both
    auto const* const positions = memory.table<T>(tokens * width, memory.sequences());
    token_ids const ids{memory.integers(spread(rows, vocabulary)), memory.integers(spread(rows, 2)),
                        memory.integers(spread(rows, tokens))};
    for (int i = 0; i < 3; ++i) { memory.count_rows(rows, 4); }  // one id each: a sector
    return row_task{embed_tokens<width, T>{ids, words, types, positions, memory.write<T>(rows * width)}, rows};
  });
  // A part of the table of words, and the table of types.
  add_gather<T, width>("gather_add_rows (words)", vocabulary, 4 * width);
  add_gather<T, 64>("gather_add_rows (types)", 2, 2);
}

template <scalar T>
void add_token_rows() {
  constexpr index_t row_bytes = width * sizeof(T);
  add_case<T>("start_tokens", width, [](workspace& memory) {
    index_t const rows = memory.rows();
    auto const* const position = memory.table<T>(tokens * width, memory.sequences());
    auto const* const class_token = memory.table<T>(width, memory.sequences());
    auto const* const bias = memory.table<T>(width, rows - memory.sequences());
    return row_task{start_tokens<width, T>{position, class_token, bias, tokens, memory.write<T>(rows * width)}, rows};
  });
  add_case<T>("sum_over_sequences", width, [](workspace& memory) {
    auto const* const input = memory.read<T>(memory.rows() * width);
    using kernel = sum_over_sequences<width, T>;
    return row_task{kernel{input, memory.sequences(), tokens, memory.write<T>(tokens * width)}, tokens};
  });
  add_case<T>("gather_rows", width, [](workspace& memory) {
    auto const* const input = memory.filled<T>(memory.rows() * width);
    memory.count_bytes(memory.sequences() * row_bytes);
    using kernel = gather_rows<width, T>;
    return row_task{kernel{input, {.tokens = tokens}, memory.write<T>(memory.sequences() * width)}, memory.sequences()};
  });
  add_case<T>("scatter_rows", width, [](workspace& memory) {
    auto const* const input = memory.read<T>(memory.sequences() * width);
    auto* const output = memory.allocate<T>(memory.rows() * width);
    memory.count_bytes(memory.sequences() * row_bytes);
    using kernel = scatter_rows<width, T>;
    return row_task{kernel{input, {.tokens = tokens}, output}, memory.sequences()};
  });
  add_case<T>("extract_patches", width, [](workspace& memory) {
    constexpr index_t pixels = 3 * 224 * 224;
    auto const* const images = memory.read<T>(memory.sequences() * pixels);
    using kernel = extract_patches<224, 16, 3, T>;
    return row_task{kernel{images, 0, memory.write<T>(memory.rows() * width)}, memory.rows()};
  });
}

template <scalar T>
void add_loss() {
  constexpr index_t classes = 1000;
  constexpr index_t row_bytes = classes * sizeof(T);
  add_case<T>("cross_entropy", classes, [](workspace& memory) {
    index_t const rows = memory.rows();
    auto const* const logits = memory.filled<T>(rows * classes);
    memory.count_rows(rows, row_bytes);
    memory.reread(2 * (memory.bytes_least()));  // for the sum, then for the gradient
    memory.reread(rows * sector_bytes);         // the label's score
    auto const* const labels = memory.integers(spread(rows, classes));
    memory.count_rows(rows, 4);
    auto* const gradient = memory.allocate<T>(rows * classes);
    memory.count_rows(rows, row_bytes);
    auto* const results = memory.allocate<sample_result>(rows);
    memory.count_rows(rows, sizeof(sample_result));
    return row_task{cross_entropy<T>{logits, labels, classes, 1.0F, gradient, results}, rows};
  });
  add_case<T>("span_cross_entropy", 2, [](workspace& memory) {
    index_t const sequences = memory.sequences();
    constexpr index_t bytes = 2 * tokens * sizeof(T);
    auto const* const scores = memory.filled<T>(2 * memory.rows());
    memory.count_rows(sequences, bytes);
    memory.reread(2 * memory.bytes_least());      // for the sums, then for the gradient
    memory.reread(2 * sequences * sector_bytes);  // the labels' scores
    auto const* const labels = memory.integers(spread(2 * sequences, tokens));
    memory.count_rows(sequences, 8);
    auto* const gradient = memory.allocate<T>(2 * memory.rows());
    memory.count_rows(sequences, bytes);
    auto* const results = memory.allocate<sample_result>(sequences);
    memory.count_rows(sequences, sizeof(sample_result));
    return row_task{span_cross_entropy<T>{scores, labels, {.tokens = tokens}, 1.0F, gradient, results}, sequences};
  });
}

[[maybe_unused]] bool const added = [] {
  for_scalars([]<class T>() {
    add_embeddings<T>();
    add_token_rows<T>();
    add_loss<T>();
  });
  return true;
}();

}  // namespace
}  // namespace slimfit::bench
