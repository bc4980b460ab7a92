// SPDX-License-Identifier: MIT
// How many rows a block works on at a time. Workspace grows with it, matrix products get slower below it.
#pragma once

#include <algorithm>

#include <slimfit/core/config.hpp>

namespace slimfit::chunk {

/// The whole batch, as eager frameworks do.
struct whole_batch {
  static constexpr index_t rows(index_t all, index_t /*hidden*/) { return all; }
};

/// About `max(Tokens, hidden)` rows: enough that a product's cost is that of its arithmetic rather than of reading the
/// weights, and no more; in small batches a quarter of all, so that workspace stays small beside what is kept.
template <int Tokens = 128>
struct tokens {
  static_assert(Tokens > 0, "slimfit: chunk::tokens<Tokens>: Tokens must be positive");
  static constexpr index_t rows(index_t all, index_t hidden) {
    return std::max<index_t>(Tokens, std::min(hidden, all / 4));
  }
};

}  // namespace slimfit::chunk
