// SPDX-License-Identifier: MIT
// Row kernels that make one row of each sequence: a sum of its tokens' rows, each times a weight.
#pragma once

#include <concepts>

#include <slimfit/core/sequences.hpp>
#include <slimfit/kernels/row_blocks.hpp>

namespace slimfit {

/// `W::weight<T>(token, tokens)`: the factor of the row of `token`, from 0 on, in a sequence that has `tokens` without
/// padding; callable on devices (SLIMFIT_HD).
template <class W>
concept token_weights = requires(index_t n) {
  { W::template weight<float>(n, n) } -> std::same_as<float>;
  { W::template weight<double>(n, n) } -> std::same_as<double>;
};

/// Which weights a pooling has. A program's own is such a type too.
namespace pooling {

/// The mean of all tokens.
struct mean {
  template <class T>
  SLIMFIT_HD static constexpr T weight(index_t /*token*/, index_t tokens) {
    return T{1} / static_cast<T>(tokens);
  }
};

/// The mean of all tokens but the first, which is a class token: of an image's patches.
struct mean_of_patches {
  template <class T>
  SLIMFIT_HD static constexpr T weight(index_t token, index_t tokens) {
    return token == 0 ? T{} : T{1} / static_cast<T>(tokens - 1);
  }
};

}  // namespace pooling

namespace kernels {

/// output[sequence] = sum over its tokens of weight * input. One group, or team of groups, per sequence.
template <token_weights Weights, int Width, scalar T>
struct pool_rows {
  static constexpr int width = Width;
  static constexpr bool works_in_teams = true;
  using scalar_type = T;

  T const* input;
  sequence_rows sequences;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t sequence) const {
    index_t const tokens = sequences.keys(sequence);
    T const* const rows = input + sequences.first(sequence) * Width;
    detail::sum_rows_of_team(
        group, 0, tokens,
        [&](index_t token) {
          auto const weight = Weights::template weight<compute_type<T>>(token, tokens);
          return map([weight](auto x) { return weight * x; }, load<Width>(group, rows + token * Width));
        },
        [&](auto const& total) { store(group, output + sequence * Width, total); });
  }
};

/// The rows of each sequence in `output` = weight * input[sequence]; 0 in padding. One group, or team of groups, per
/// sequence.
template <token_weights Weights, int Width, scalar T>
struct spread_pooled {
  static constexpr int width = Width;
  static constexpr bool works_in_teams = true;
  using scalar_type = T;

  T const* input;
  sequence_rows sequences;
  T* output;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t sequence) const {
    index_t const tokens = sequences.keys(sequence);
    T* const rows = output + sequences.first(sequence) * Width;
    auto const pooled = load<Width>(group, input + sequence * Width);
    for (index_t token = part_of_team(group); token < sequences.rows(sequence); token += parts_of_team(group)) {
      auto const weight = token < tokens ? Weights::template weight<compute_type<T>>(token, tokens) : compute_type<T>{};
      store(group, rows + token * Width, map([weight](auto x) { return weight * x; }, pooled));
    }
  }
};

}  // namespace kernels

}  // namespace slimfit
