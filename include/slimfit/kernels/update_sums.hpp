// SPDX-License-Identifier: MIT
// The measurement that every optimizer kernel makes: per block of 4096 elements, the sum of relative changes of the
// weights and of squared gradients. Blocks, and the order of additions within one, depend on the element count only.
#pragma once

#include <algorithm>
#include <cmath>

#include <slimfit/core/scalar.hpp>
#include <slimfit/kernels/group.hpp>

namespace slimfit {

/// Elements that one group updates as a task.
inline constexpr index_t update_block = 4096;

/// Sums over some elements of one parameter.
struct update_sums {
  double relative_change = 0;  ///< of |w_old - w_new| / |w_old|
  double squared_gradient = 0;
};

/// |old - updated| / |old|, and 0 where `old` is 0: the published code gets inf or nan there, which keeps the unit
/// active for good, and zeros are common (fresh classifiers, padding rows of a table).
template <class C>
SLIMFIT_HD inline C relative_change(C old, C updated) {
  C const zero = static_cast<C>(old == C{});  // arithmetic instead of a branch, so that it vectorises
  return (C{1} - zero) * std::abs(old - updated) / (std::abs(old) + zero);
}

/// Elements whose measurements a lane holds before it adds them: a loop long enough to vectorise, small enough for the
/// first cache; on CUDA 16 bytes of float, read and written at once.
template <lane_group Group>
inline constexpr index_t update_piece = Group::size == 1 ? 256 : 4;

/// Calls `kernel.update_piece(first, count, changes, squares)` for the pieces of `block` that belong to this lane and
/// stores the block's sums.
/// @tparam C type of the measurements
template <class C, lane_group Group, class Kernel>
SLIMFIT_HD inline void sum_over_block(Group group, index_t block, index_t count, update_sums* sums,
                                      Kernel const& kernel) {
  constexpr index_t piece = update_piece<Group>;
  constexpr index_t slots = std::min<index_t>(piece, 16);
  alignas(64) C changes[piece];
  alignas(64) C squares[piece];
  alignas(64) C change[slots] = {};
  alignas(64) C square[slots] = {};
  index_t const end = std::min(count, (block + 1) * update_block);
  for (index_t first = block * update_block + group.lane() * piece; first < end; first += Group::size * piece) {
    index_t const length = std::min(piece, end - first);
    kernel.update_piece(first, length, changes, squares);
    for (index_t i = length; i < round_up(length, slots); ++i) { changes[i] = squares[i] = C{}; }
    for (index_t i = 0; i < length; i += slots) {
#pragma omp simd
      for (index_t slot = 0; slot < slots; ++slot) {
        change[slot] += changes[i + slot];
        square[slot] += squares[i + slot];
      }
    }
  }
  update_sums total;
  for (index_t slot = 0; slot < slots; ++slot) {
    total.relative_change += static_cast<double>(change[slot]);
    total.squared_gradient += static_cast<double>(square[slot]);
  }
  total.relative_change = group.template reduce<Group::size>(total.relative_change, plus{});
  total.squared_gradient = group.template reduce<Group::size>(total.squared_gradient, plus{});
  if (group.lane() == 0) { sums[block] = total; }
}

}  // namespace slimfit
