// SPDX-License-Identifier: MIT
// Policies of whole blocks: which of them keep their stashes on the device, which keep their input alone and run
// forward again during the backward pass, and which keep their stashes in the host's memory meanwhile.
#pragma once

#include <concepts>

#include <slimfit/core/config.hpp>
#include <slimfit/stash/dense.hpp>

namespace slimfit {

/// What a block keeps from its forward to its backward pass.
enum class block_memory : unsigned char {
  stashed,     ///< what its operators' policies say
  recomputed,  ///< its input; the rest is made again when the backward pass comes to it
  offloaded    ///< what its operators' policies say, in the host's memory, see layers/offloaded_blocks.hpp
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

/// The lowest `Percent` of the blocks, rounded down, are recomputed.
template <int Percent, class Input = stash::dense>
struct recompute_share {
  static_assert(Percent >= 0 && Percent <= 100, "slimfit: recompute_share<Percent>: Percent must be 0 to 100");
  using input = Input;
  static constexpr block_memory of(int block, int blocks) {
    return block < blocks * Percent / 100 ? block_memory::recomputed : block_memory::stashed;
  }
};

/// Every block is recomputed.
template <class Input = stash::dense>
using recompute_all = recompute_share<100, Input>;

/// The lowest `Count` blocks are offloaded: on the device they take two blocks' memory together, and the upper two of
/// them never leave it. The lowest, because they have the longest time for the way out and back. Gradients are those of
/// stashed blocks, bit for bit.
template <int Count>
struct offload_lowest {
  static_assert(Count >= 0, "slimfit: offload_lowest<Count>: Count must not be negative");
  using input = stash::dense;
  static constexpr block_memory of(int block, int /*blocks*/) {
    return block < Count ? block_memory::offloaded : block_memory::stashed;
  }
};

/// Every block is offloaded.
struct offload_all {
  using input = stash::dense;
  static constexpr block_memory of(int /*block*/, int /*blocks*/) { return block_memory::offloaded; }
};

}  // namespace blocks

namespace detail {
template <class B>
concept block_choice = requires(int n) {
  { B::of(n, n) } -> std::same_as<block_memory>;
  typename B::input;
};

/// Whether any of `count` blocks does this.
template <class Blocks>
constexpr bool some_block_is(block_memory what, int count) {
  for (int block = 0; block < count; ++block) {
    if (Blocks::of(block, count) == what) { return true; }
  }
  return false;
}
}  // namespace detail

}  // namespace slimfit
