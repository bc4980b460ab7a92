// SPDX-License-Identifier: MIT
// In which order numbers of several ranks are added.
#pragma once

namespace slimfit::summation {

/// As the library that communicates likes it best: fastest, and the last bits depend on the number of ranks.
struct library {
  static constexpr int shards = 0;
  static constexpr bool needs_scratch = false;
};

/// Every batch is cut into as many shards whatever the number of ranks, each with a pass of its own, and their sums are
/// added two by two in a tree: the same bits on any number of ranks that divides `Shards`. Gradients are kept until the
/// last pass.
/// @tparam Shards a power of two
template <int Shards>
struct fixed_tree {
  static_assert(Shards >= 1 && (Shards & (Shards - 1)) == 0,
                "slimfit: summation::fixed_tree<Shards>: Shards must be a power of two, e.g. fixed_tree<8>");
  static constexpr int shards = Shards;
  static constexpr bool needs_scratch = true;
};

}  // namespace slimfit::summation
