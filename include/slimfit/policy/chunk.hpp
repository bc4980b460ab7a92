// SPDX-License-Identifier: MIT
// How many rows a block works on at a time. Workspace grows with it, matrix products get slower below it.
#pragma once

#include <algorithm>

#include <slimfit/core/config.hpp>

namespace slimfit::chunk {

/// The whole batch, as eager frameworks do.
struct whole_batch {
  static constexpr index_t rows(index_t all, index_t /*hidden*/, index_t /*busy*/) { return all; }
};

/// About `max(Tokens, hidden)` rows: enough that a product's cost is that of its arithmetic rather than of reading the
/// weights, and no more; in small batches a quarter of all, so that workspace stays small beside what is kept. On a
/// device that works on many rows at the same time as many as keep it busy.
template <int Tokens = 128>
struct tokens {
  static_assert(Tokens > 0, "slimfit: chunk::tokens<Tokens>: Tokens must be positive");
  /// @param busy fewest rows that keep the device busy
  static constexpr index_t rows(index_t all, index_t hidden, index_t busy) {
    return std::max<index_t>({Tokens, std::min(hidden, all / 4), std::min(busy, all)});
  }
};

}  // namespace slimfit::chunk
