// SPDX-License-Identifier: MIT
// What a layer returns that keeps one matrix of the rows it is given.
#pragma once

#include <slimfit/core/sequences.hpp>
#include <slimfit/stash/dense.hpp>

namespace slimfit {

/// @tparam Stash a stash type for rows of `Width` numbers of T
template <class Stash, scalar T, int Width>
struct kept_rows {
  typename Stash::template kept<T, Width> input;  ///< the layer's input, or what stands for it
  sequence_batch batch;

  /// `count` sequences of the batch from `first` on.
  [[nodiscard]] constexpr kept_rows part(index_t first, index_t count) const {
    return {input.rows_from(batch.first(first)), batch.part(first, count)};
  }
};

}  // namespace slimfit
