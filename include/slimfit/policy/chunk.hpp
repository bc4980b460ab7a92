// SPDX-License-Identifier: MIT
// How many sequences a block works on at a time. Workspace grows with it, matrix products get slower below it.
#pragma once

#include <algorithm>

#include <slimfit/core/config.hpp>

namespace slimfit::chunk {

/// The whole batch, as eager frameworks do.
struct whole_batch {
  static constexpr index_t sequences(index_t all, index_t /*tokens*/, index_t /*hidden*/) { return all; }
};

/// As many whole sequences as have about `max(Tokens, hidden)` tokens: enough rows that a product's cost is that of its
/// arithmetic rather than of reading the weights, and no more.
template <int Tokens = 128>
struct tokens {
  static_assert(Tokens > 0, "slimfit: chunk::tokens<Tokens>: Tokens must be positive");
  static constexpr index_t sequences(index_t all, index_t tokens_per_sequence, index_t hidden) {
    return std::clamp<index_t>(std::max<index_t>(Tokens, hidden) / tokens_per_sequence, 1, all);
  }
};

}  // namespace slimfit::chunk
