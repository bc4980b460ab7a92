// SPDX-License-Identifier: MIT
// The loss of question answering: two softmax cross-entropies over the tokens of a sequence.
#pragma once

#include <cmath>
#include <cstdint>

#include <slimfit/core/math.hpp>
#include <slimfit/core/scalar.hpp>
#include <slimfit/kernels/sample_result.hpp>
#include <slimfit/kernels/sequences.hpp>

namespace slimfit::kernels {

/// Of every row, `scores` holds one for the answer's first token and one for its last. A sample's loss is the mean of
/// both cross-entropies over the tokens of its sequence that are no padding; a label beyond them counts as the last.
/// `gradient` may be null; that of padding is 0. One group per sample. Ties go to the earliest token.
template <scalar T>
struct span_cross_entropy {
  using scalar_type = T;

  T const* scores;
  std::int32_t const* labels;  ///< of each sample first and last token
  sequence_rows sequences;
  compute_type<T> scale;
  T* gradient;
  sample_result* results;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t sample) const {
    using value_type = compute_type<T>;
    index_t const first = sequences.first(sample);
    index_t const keys = sequences.keys(sample);
    index_t const rows = sequences.rows(sample);
    double loss = 0;
    bool correct = true;
    index_t start = 0;
    for (int end = 0; end < 2; ++end) {
      T const* const own = scores + 2 * first + end;
      auto const label = lesser<index_t>(labels[2 * sample + end], keys - 1);
      auto largest = -math::infinity<value_type>;
      for (index_t i = group.lane(); i < keys; i += Group::size) {
        largest = greater(largest, static_cast<value_type>(own[2 * i]));
      }
      largest = group.template reduce<Group::size>(largest, maximum{});
      index_t best = keys - 1;
      value_type total = 0;
      for (index_t i = group.lane(); i < keys; i += Group::size) {
        auto const score = static_cast<value_type>(own[2 * i]);
        if (score == largest) { best = lesser(best, i); }
        total += std::exp(score - largest);
      }
      best = group.template reduce<Group::size>(best, minimum{});
      total = group.template reduce<Group::size>(total, plus{});
      loss += static_cast<double>(std::log(total) + largest - static_cast<value_type>(own[2 * label])) / 2;
      correct = correct && best == label;
      if (end == 0) { start = best; }
      if (gradient == nullptr) { continue; }
      T* const target = gradient + 2 * first + end;
      for (index_t i = group.lane(); i < rows; i += Group::size) {
        value_type value = 0;
        if (i < keys) {
          auto const hit = i == label ? value_type{1} : value_type{0};
          value = (std::exp(static_cast<value_type>(own[2 * i]) - largest) / total - hit) * scale / 2;
        }
        target[2 * i] = static_cast<T>(value);
      }
    }
    if (group.lane() == 0) { results[sample] = {loss, correct ? 1 : 0, static_cast<std::int32_t>(start)}; }
  }
};

}  // namespace slimfit::kernels
