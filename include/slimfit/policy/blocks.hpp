// SPDX-License-Identifier: MIT
// Policies of whole blocks: which of them keep their stashes, and which keep their input alone and run forward again
// during the backward pass.
#pragma once

#include <concepts>

#include <slimfit/core/config.hpp>
#include <slimfit/stash/dense.hpp>

namespace slimfit {

/// What a block keeps from its forward to its backward pass.
enum class block_memory : unsigned char {
  stashed,    ///< what its operators' policies say
  recomputed  ///< its input; the rest is made again when the backward pass comes to it
};

/// Which blocks do what. A program's own type has `static constexpr block_memory of(int block, int blocks)`, with
/// blocks counted from the input, and `input`, the matrix stash of recomputed blocks' inputs.
namespace blocks {

/// Every block keeps its stashes.
struct stashed {
  using input = stash::dense;
  static constexpr block_memory of(int /*block*/, int /*blocks*/) { return block_memory::stashed; }
};

/// The lowest `Count` blocks are recomputed (Chen et al., "Training deep nets with sublinear memory cost", 2016, for
/// some of the blocks): each costs one more forward pass of itself. The lowest, because the backward pass comes to them
/// when the others' stashes are gone.
/// @tparam Input matrix stash of their inputs. With `stash::dense` the gradients are those of stashed blocks, bit for
///               bit.
template <int Count, class Input = stash::dense>
struct recompute_lowest {
  static_assert(Count >= 0, "slimfit: recompute_lowest<Count>: Count must not be negative");
  using input = Input;
  static constexpr block_memory of(int block, int /*blocks*/) {
    return block < Count ? block_memory::recomputed : block_memory::stashed;
  }
};

/// Every block is recomputed.
template <class Input = stash::dense>
struct recompute_all {
  using input = Input;
  static constexpr block_memory of(int /*block*/, int /*blocks*/) { return block_memory::recomputed; }
};

}  // namespace blocks

namespace detail {
template <class B>
concept block_choice = requires(int n) {
  { B::of(n, n) } -> std::same_as<block_memory>;
  typename B::input;
};
}  // namespace detail

}  // namespace slimfit
