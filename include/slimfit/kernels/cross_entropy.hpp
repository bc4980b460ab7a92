// SPDX-License-Identifier: MIT
// Softmax cross-entropy of one row of class scores: loss, gradient and whether the largest score is the label's.
#pragma once

#include <cmath>
#include <cstdint>

#include <slimfit/core/math.hpp>
#include <slimfit/core/scalar.hpp>
#include <slimfit/kernels/sample_result.hpp>
#include <slimfit/rows/element_run.hpp>

namespace slimfit {

namespace kernels {

/// gradient = (softmax(logits) - one_hot(label)) * scale; loss = log-sum-exp(logits) - logits[label].
/// `gradient` may be null. On groups of several lanes `logits` and `gradient` are aligned to 16 bytes. Ties of the
/// largest score go to the lowest class.
template <scalar T>
struct cross_entropy {
  using scalar_type = T;

  T const* logits;
  std::int32_t const* labels;
  index_t classes;
  compute_type<T> scale;
  T* gradient;
  sample_result* results;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    using value_type = compute_type<T>;
    T const* const scores = logits + row * classes;
    constexpr int lanes = Group::size;
    int const lane = group.lane();
    auto largest = -math::infinity<value_type>;
    for_each_score(group, scores, [&largest](int /*class*/, value_type score) {
      largest = greater(largest, score);
      return score;
    });
    largest = group.template reduce<lanes>(largest, maximum{});
    int best = static_cast<int>(classes) - 1;
    value_type total = 0;
    for_each_score(group, scores, [&, largest](int i, value_type score) {
      if (score == largest) { best = lesser(best, i); }
      total += math::exp(score - largest);
      return score;
    });
    best = group.template reduce<lanes>(best, minimum{});
    total = group.template reduce<lanes>(total, plus{});
    int const label = labels[row];
    if (lane == 0) {
      auto const distance = largest - static_cast<value_type>(scores[label]);
      results[row] = {static_cast<double>(std::log(total) + distance), best == label ? 1 : 0, best};
    }
    if (gradient == nullptr) { return; }
    for_each_score(
        group, scores,
        [=, factor = scale](int i, value_type score) {
          return (math::exp(score - largest) / total - (i == label ? value_type{1} : value_type{0})) * factor;
        },
        gradient + row * classes);
  }

 private:
  /// Scores of one access of a lane.
  static constexpr int at_once = 16 / static_cast<int>(sizeof(T));

  /// Calls `f(class, score)` for the lane's scores of a row; stores the results at `target` unless it is null.
  template <lane_group Group, class F>
  SLIMFIT_HD void for_each_score(Group group, T const* scores, F const& f, T* target = nullptr) const {
    auto const count = static_cast<int>(classes);
    int const lane = group.lane();
    if (Group::size > 1 && count % at_once == 0) {  // rows are aligned
      // Lanes begin where a sector of 32 bytes does, as the row may not: no sector is then asked for by two requests.
      auto const skipped = static_cast<int>(reinterpret_cast<std::uintptr_t>(scores) % 32 / sizeof(T));
      for (int first = lane * at_once - skipped; first < count; first += Group::size * at_once) {
        if (first >= 0) {
          auto run = load_run<at_once>(scores + first);
          SLIMFIT_SIMD()
          for (int i = 0; i < at_once; ++i) {
            run.values[i] = static_cast<T>(f(first + i, static_cast<compute_type<T>>(run.values[i])));
          }
          if (target != nullptr) { store_global_run(target + first, run); }
        }
      }
    } else {
      for (int i = lane; i < count; i += Group::size) {
        auto const result = f(i, static_cast<compute_type<T>>(scores[i]));
        if (target != nullptr) { target[i] = static_cast<T>(result); }
      }
    }
  }
};

}  // namespace kernels

}  // namespace slimfit
