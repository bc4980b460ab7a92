// SPDX-License-Identifier: MIT
// Row kernels around the embeddings and the class token: starting values of tokens, sums over sequences, gather,
// scatter.
#pragma once

#include <slimfit/core/sequences.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit::kernels {

/// output[row] = position[token] + (token == 0 ? class_token : bias), with `token = row % tokens`.
template <int Width, scalar T>
struct start_tokens {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* position;
  T const* class_token;
  T const* bias;
  index_t tokens;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    using value_type = compute_type<T>;
    index_t const token = row % tokens;
    auto const added = load<Width>(group, token == 0 ? class_token : bias);
    store(group, output + row * Width,
          map([](value_type a, value_type b) { return a + b; }, load<Width>(group, position + token * Width), added));
  }
};

/// output[token] = sum over sequences of input[sequence * tokens + token]. One group, or team of groups, per token.
template <int Width, scalar T>
struct sum_over_sequences {
  static constexpr int width = Width;
  static constexpr bool works_in_teams = true;
  using scalar_type = T;

  T const* input;
  index_t sequences;
  index_t tokens;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t token) const {
    using value_type = compute_type<T>;
    tile<value_type, Width, Group> total{};
    for (index_t sequence = part_of_team(group); sequence < sequences; sequence += parts_of_team(group)) {
      total = map([](value_type a, value_type b) { return a + b; }, total,
                  load<Width>(group, input + (sequence * tokens + token) * Width));
    }
    sum_over_team(group, total);
    if (part_of_team(group) == 0) { store(group, output + token * Width, total); }
  }
};

/// output[sequence] = the first of its rows of `input`. One group per sequence.
template <int Width, scalar T>
struct gather_rows {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  sequence_rows sequences;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t sequence) const {
    store(group, output + sequence * Width, load<Width>(group, input + sequences.first(sequence) * Width));
  }
};

/// The first row of each sequence in `output` = input[sequence]; no other is written. One group per sequence.
template <int Width, scalar T>
struct scatter_rows {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  sequence_rows sequences;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t sequence) const {
    store(group, output + sequences.first(sequence) * Width, load<Width>(group, input + sequence * Width));
  }
};

}  // namespace slimfit::kernels
