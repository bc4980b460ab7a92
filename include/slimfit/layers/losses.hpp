// SPDX-License-Identifier: MIT
// What a network's scores are compared with: the loss of every sample and its gradient. A network names its loss, the
// trainer's pass applies it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include <slimfit/core/error.hpp>
#include <slimfit/kernels/cross_entropy.hpp>
#include <slimfit/kernels/span_cross_entropy.hpp>
#include <slimfit/kernels/squared_error.hpp>
#include <slimfit/pass/context.hpp>

namespace slimfit {

/// Classification: softmax cross-entropy; a sample's label is its class.
template <int Classes, scalar T>
struct cross_entropy_loss {
  using label_type = std::int32_t;
  static constexpr index_t labels = 1;  ///< of a sample

  /// Scores of a batch.
  [[nodiscard]] static constexpr index_t scores(sequence_batch const& batch) { return batch.count() * Classes; }
  /// Scores of a sample, for predictions.
  [[nodiscard]] static constexpr index_t sample_scores(index_t /*tokens*/) { return Classes; }
  /// Writes the scores of a batch as predictions. All memory is the host's.
  static void spread(T const* scores, sequence_batch const& batch, index_t /*tokens*/, T* target) {
    std::copy_n(scores, batch.count() * Classes, target);
  }
  /// @throws value_error
  static void check(std::span<label_type const> all, index_t /*tokens*/) {
    for (auto const label : all) {
      if (label < 0 || label >= Classes) { raise_mismatch<value_error>("label", label, {"0 to ", Classes - 1}); }
    }
  }
  /// Writes what each sample came to, and unless `gradient` is null that of the mean loss.
  template <class Context>
  static constexpr void apply(Context& run, T const* scores, label_type const* wanted, sequence_batch const& batch,
                              T* gradient, sample_result* results) {
    auto const share = compute_type<T>{1} / static_cast<compute_type<T>>(batch.count());
    run.launch(batch.count(), kernels::cross_entropy<T>{scores, wanted, Classes, share, gradient, results});
  }
};

/// Regression: squared error of a single score; a sample's label is a number.
template <scalar T>
struct squared_error_loss {
  using label_type = float;
  static constexpr index_t labels = 1;

  [[nodiscard]] static constexpr index_t scores(sequence_batch const& batch) { return batch.count(); }
  [[nodiscard]] static constexpr index_t sample_scores(index_t /*tokens*/) { return 1; }
  static void spread(T const* scores, sequence_batch const& batch, index_t /*tokens*/, T* target) {
    std::copy_n(scores, batch.count(), target);
  }
  /// @throws value_error
  static void check(std::span<label_type const> all, index_t /*tokens*/) {
    for (auto const label : all) {
      if (!std::isfinite(label)) { raise_mismatch<value_error>("label", label, {"a finite number"}); }
    }
  }
  template <class Context>
  static constexpr void apply(Context& run, T const* scores, label_type const* wanted, sequence_batch const& batch,
                              T* gradient, sample_result* results) {
    auto const share = compute_type<T>{1} / static_cast<compute_type<T>>(batch.count());
    run.launch(batch.count(), kernels::squared_error<T>{scores, wanted, share, gradient, results});
  }
};

/// Question answering (Devlin et al. 2019, section 4.2): every token has a score for being the first of the answer and
/// one for being its last. A sample's labels are both tokens; its loss is the mean of two cross-entropies over its
/// tokens.
/// @tparam OverPadding whether the cross-entropies are over padding, too, as in frameworks
template <scalar T, bool OverPadding = false>
struct span_loss {
  using label_type = std::int32_t;
  static constexpr index_t labels = 2;

  [[nodiscard]] static constexpr index_t scores(sequence_batch const& batch) { return 2 * batch.rows(); }
  /// Two of every token.
  [[nodiscard]] static constexpr index_t sample_scores(index_t tokens) { return 2 * tokens; }
  /// Padding has scores of -infinity.
  static void spread(T const* scores, sequence_batch const& batch, index_t tokens, T* target) {
    std::fill_n(target, batch.count() * 2 * tokens, static_cast<T>(-std::numeric_limits<compute_type<T>>::infinity()));
    for (index_t i = 0; i < batch.count(); ++i) {
      std::copy_n(scores + 2 * batch.first(i), 2 * batch.where().keys(i), target + i * 2 * tokens);
    }
  }
  /// @param tokens of a sequence @throws value_error
  static void check(std::span<label_type const> all, index_t tokens) {
    for (auto const label : all) {
      if (label < 0 || label >= tokens) {
        raise_mismatch<value_error>("label (a token of the answer)", label, {"0 to ", tokens - 1});
      }
    }
  }
  template <class Context>
  static constexpr void apply(Context& run, T const* scores, label_type const* wanted, sequence_batch const& batch,
                              T* gradient, sample_result* results) {
    auto const share = compute_type<T>{1} / static_cast<compute_type<T>>(batch.count());
    auto where = batch.where();
    if constexpr (OverPadding) { where.lengths = nullptr; }
    run.launch(batch.count(), kernels::span_cross_entropy<T>{scores, wanted, where, share, gradient, results});
  }
};

}  // namespace slimfit
