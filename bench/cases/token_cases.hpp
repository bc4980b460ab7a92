// SPDX-License-Identifier: MIT
// Cases: embeddings, patches, tokens of sequences, and the loss.
#pragma once

#include <algorithm>

#include <slimfit/kernels/cross_entropy.hpp>
#include <slimfit/kernels/embedding.hpp>
#include <slimfit/kernels/patches.hpp>
#include <slimfit/kernels/span_cross_entropy.hpp>
#include <slimfit/kernels/token_rows.hpp>

#include "cases.hpp"

namespace slimfit::bench {

using namespace kernels;

inline constexpr int token_width = 768;
inline constexpr index_t vocabulary = 30522;
template <scalar T>
inline constexpr index_t token_row_bytes = token_width* static_cast<index_t>(sizeof(T));

/// Numbers below `end`, spread out.
inline std::vector<std::int32_t> spread(index_t count, index_t end) {
  std::vector<std::int32_t> values;
  for (index_t i = 0; i < count; ++i) { values.push_back(static_cast<std::int32_t>(i * 7919 % end)); }
  return values;
}

template <scalar T, class Cases>
void add_embeddings(Cases const& cases) {
  cases.template add<T>("embed_tokens", token_width, [](auto& memory) {
    index_t const rows = memory.rows();
    auto const* const words = memory.template allocate<T>(vocabulary * token_width);
    memory.count_bytes(rows * token_row_bytes<T>);
    auto const* const types = memory.template table<T>(2 * token_width, rows);
    memory.count_reread(-rows * token_row_bytes<T>);  // a row reads one of both
    auto const* const positions = memory.template table<T>(sequence_tokens * token_width, memory.sequences());
    token_ids const ids{memory.integers(spread(rows, vocabulary)), memory.integers(spread(rows, 2)),
                        memory.integers(spread(rows, sequence_tokens))};
    for (int i = 0; i < 3; ++i) { memory.count_rows(rows, 4); }  // one id each: a sector
    return row_task{
        embed_tokens<token_width, T>{ids, words, types, positions, memory.template write<T>(rows * token_width)}, rows};
  });
}

template <scalar T, class Cases>
void add_token_rows(Cases const& cases) {
  cases.template add<T>("start_tokens", token_width, [](auto& memory) {
    index_t const rows = memory.rows();
    auto const* const position = memory.template table<T>(sequence_tokens * token_width, memory.sequences());
    auto const* const class_token = memory.template table<T>(token_width, memory.sequences());
    auto const* const bias = memory.template table<T>(token_width, rows - memory.sequences());
    return row_task{start_tokens<token_width, T>{position, class_token, bias, sequence_tokens,
                                                 memory.template write<T>(rows * token_width)},
                    rows};
  });
  cases.template add<T>("sum_over_sequences", token_width, [](auto& memory) {
    auto const* const input = memory.template read<T>(memory.rows() * token_width);
    using kernel = sum_over_sequences<token_width, T>;
    return row_task{
        kernel{input, memory.sequences(), sequence_tokens, memory.template write<T>(sequence_tokens * token_width)},
        sequence_tokens};
  });
  cases.template add<T>("gather_rows", token_width, [](auto& memory) {
    auto const* const input = memory.template filled<T>(memory.rows() * token_width);
    memory.count_bytes(memory.sequences() * token_row_bytes<T>);
    using kernel = gather_rows<token_width, T>;
    return row_task{
        kernel{input, {.tokens = sequence_tokens}, memory.template write<T>(memory.sequences() * token_width)},
        memory.sequences()};
  });
  cases.template add<T>("scatter_rows", token_width, [](auto& memory) {
    auto const* const input = memory.template read<T>(memory.sequences() * token_width);
    auto* const output = memory.template allocate<T>(memory.rows() * token_width);
    memory.count_bytes(memory.sequences() * token_row_bytes<T>);
    using kernel = scatter_rows<token_width, T>;
    return row_task{kernel{input, {.tokens = sequence_tokens}, output}, memory.sequences()};
  });
  cases.template add<T>("extract_patches", token_width, [](auto& memory) {
    constexpr index_t pixels = 3 * 224 * 224;
    auto const* const images = memory.template read<T>(memory.sequences() * pixels);
    using kernel = extract_patches<224, 16, 3, T>;
    return row_task{kernel{images, 0, memory.template write<T>(memory.rows() * token_width)}, memory.rows()};
  });
}

template <scalar T, class Cases>
void add_loss(Cases const& cases) {
  constexpr index_t classes = 1000;
  cases.template add<T>("cross_entropy", classes, [](auto& memory) {
    index_t const rows = memory.rows();
    auto const* const logits = memory.template filled<T>(rows * classes);
    memory.count_rows(rows, (classes * static_cast<index_t>(sizeof(T))));
    memory.count_reread(2 * (memory.bytes_least()));  // for the sum, then for the gradient
    memory.count_reread(rows * sector_bytes);         // the label's score
    auto const* const labels = memory.integers(spread(rows, classes));
    memory.count_rows(rows, 4);
    auto* const gradient = memory.template allocate<T>(rows * classes);
    memory.count_rows(rows, (classes * static_cast<index_t>(sizeof(T))));
    auto* const results = memory.template allocate<sample_result>(rows);
    memory.count_rows(rows, sizeof(sample_result));
    return row_task{cross_entropy<T>{logits, labels, classes, 1.0F, gradient, results}, rows};
  });
  cases.template add<T>("span_cross_entropy", 2, [](auto& memory) {
    index_t const sequences = memory.sequences();
    constexpr index_t bytes = 2 * sequence_tokens * sizeof(T);
    auto const* const scores = memory.template filled<T>(2 * memory.rows());
    memory.count_rows(sequences, bytes);
    memory.count_reread(2 * memory.bytes_least());      // for the sums, then for the gradient
    memory.count_reread(2 * sequences * sector_bytes);  // the labels' scores
    auto const* const labels = memory.integers(spread(2 * sequences, sequence_tokens));
    memory.count_rows(sequences, 8);
    auto* const gradient = memory.template allocate<T>(2 * memory.rows());
    memory.count_rows(sequences, bytes);
    auto* const results = memory.template allocate<sample_result>(sequences);
    memory.count_rows(sequences, sizeof(sample_result));
    return row_task{span_cross_entropy<T>{scores, labels, {.tokens = sequence_tokens}, 1.0F, gradient, results},
                    sequences};
  });
}

template <class Cases>
void add_token_cases(Cases const& cases) {
  cases.for_scalars([&]<class T>() {
    add_embeddings<T>(cases);
    add_token_rows<T>(cases);
    add_loss<T>(cases);
  });
}

}  // namespace slimfit::bench
