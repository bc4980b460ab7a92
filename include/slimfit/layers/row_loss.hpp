// SPDX-License-Identifier: MIT
// A loss of a program's own from one function of a sample's scores and labels: soft labels, several labels at once,
// another network's scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <slimfit/core/error.hpp>
#include <slimfit/core/sequences.hpp>
#include <slimfit/kernels/row_loss.hpp>
#include <slimfit/pass/context.hpp>

namespace slimfit {

/// The loss of a network whose samples have `Width` scores and as many labels, finite numbers. A batch's loss is the
/// mean over its samples; a sample counts as correct where the largest score and the largest label have the same place.
/// @tparam Function `of(group, scores, labels)`, of tiles: gives `row_loss_value{loss, gradient}`, callable on devices
///                  (SLIMFIT_HD). Optional: `check(std::span<float const>)` throws for labels that a sample cannot have
template <class Function, int Width, scalar T>
struct row_loss {
  static_assert(Width > 0, "slimfit: row_loss<Function, Width, T>: Width must be positive");
  using label_type = float;
  static constexpr index_t labels = Width;  ///< of a sample

  /// Scores of a batch.
  [[nodiscard]] static constexpr index_t scores(sequence_batch const& batch) { return batch.count() * Width; }
  /// Scores of a sample, for predictions.
  [[nodiscard]] static constexpr index_t sample_scores(index_t /*tokens*/) { return Width; }
  /// Writes the scores of a batch as predictions. All memory is the host's.
  static void spread(T const* scores, sequence_batch const& batch, index_t /*tokens*/, T* target) {
    std::copy_n(scores, batch.count() * Width, target);
  }
  /// @throws value_error for a label that is not finite; what the function's own check throws
  static void check(std::span<label_type const> all, index_t /*tokens*/) {
    for (auto const label : all) {
      if (!std::isfinite(label)) { raise_mismatch<value_error>("label", label, {"a finite number"}); }
    }
    if constexpr (requires { Function::check(all); }) {
      for (std::size_t first = 0; first < all.size(); first += Width) { Function::check(all.subspan(first, Width)); }
    }
  }
  /// Writes what each sample came to, and unless `gradient` is null that of the mean loss.
  template <class Context>
  static constexpr void apply(Context& run, T const* scores, label_type const* wanted, sequence_batch const& batch,
                              T* gradient, sample_result* results) {
    auto const share = compute_type<T>{1} / static_cast<compute_type<T>>(batch.count());
    run.launch(batch.count(), kernels::row_loss<Function, Width, T>{scores, wanted, share, gradient, results});
  }
};

}  // namespace slimfit
