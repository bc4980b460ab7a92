// SPDX-License-Identifier: MIT
// The loss of question answering: two softmax cross-entropies over the tokens of a sequence.
#pragma once

#include <cmath>
#include <cstdint>

#include <slimfit/core/math.hpp>
#include <slimfit/core/scalar.hpp>
#include <slimfit/core/sequences.hpp>
#include <slimfit/kernels/sample_result.hpp>
#include <slimfit/rows/element_run.hpp>

namespace slimfit::kernels {

/// Of every row, `scores` holds one for the answer's first token and one for its last. A sample's loss is the mean of
/// both cross-entropies over the tokens of its sequence that are no padding; a label beyond them counts as the last.
/// `gradient` may be null; that of padding is 0. `scores` and `gradient` are aligned to two elements. One group per
/// sample. Ties go to the earliest token.
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
    T const* const own = scores + 2 * first;
    value_type largest[2] = {-math::infinity<value_type>, -math::infinity<value_type>};
    for_each_token(group, own, keys, [&](index_t i) {
      auto const pair = load_run<2>(own + 2 * i);
      for (int end = 0; end < 2; ++end) {
        largest[end] = greater(largest[end], static_cast<value_type>(pair.values[end]));
      }
    });
    for (auto& each : largest) { each = group.template reduce<Group::size>(each, maximum{}); }
    index_t best[2] = {keys - 1, keys - 1};
    value_type total[2] = {};
    for_each_token(group, own, keys, [&](index_t i) {
      auto const pair = load_run<2>(own + 2 * i);
      for (int end = 0; end < 2; ++end) {
        auto const score = static_cast<value_type>(pair.values[end]);
        if (score == largest[end]) { best[end] = lesser(best[end], i); }
        total[end] += std::exp(score - largest[end]);
      }
    });
    double loss = 0;
    bool correct = true;
    index_t label[2];
    for (int end = 0; end < 2; ++end) {
      best[end] = group.template reduce<Group::size>(best[end], minimum{});
      total[end] = group.template reduce<Group::size>(total[end], plus{});
      label[end] = lesser<index_t>(labels[2 * sample + end], keys - 1);
      auto const hit = static_cast<value_type>(own[2 * label[end] + end]);
      loss += static_cast<double>(std::log(total[end]) + largest[end] - hit) / 2;
      correct = correct && best[end] == label[end];
    }
    if (gradient != nullptr) {
      T* const target = gradient + 2 * first;
      for_each_token(group, own, rows, [&](index_t i) {
        element_run<T, 2> pair{};
        if (i < keys) { pair = load_run<2>(own + 2 * i); }
        for (int end = 0; end < 2; ++end) {
          auto const hit = i == label[end] ? value_type{1} : value_type{0};
          auto const score = static_cast<value_type>(pair.values[end]);
          value_type const value = (std::exp(score - largest[end]) / total[end] - hit) * scale / 2;
          pair.values[end] = static_cast<T>(i < keys ? value : value_type{});
        }
        store_run(target + 2 * i, pair);
      });
    }
    if (group.lane() == 0) { results[sample] = {loss, correct ? 1 : 0, static_cast<std::int32_t>(best[0])}; }
  }

 private:
  /// Calls `f(token)` for the lane's tokens of a sequence. Lanes begin where a sector of 32 bytes does, and all make as
  /// many rounds, so that no sector is asked for by two requests.
  template <lane_group Group, class F>
  SLIMFIT_HD static void for_each_token(Group group, T const* own, index_t count, F const& f) {
    index_t before = 0;
    if constexpr (Group::size > 1) {
      before = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(own) % 32 / (2 * sizeof(T)));
    }
    for (index_t first = -before; first < count; first += Group::size) {
      index_t const i = first + group.lane();
      if (i >= 0 && i < count) { f(i); }
    }
  }
};

}  // namespace slimfit::kernels
