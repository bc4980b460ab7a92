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
/// device that wants many rows at the same time, parts of equal size with about that many.
template <int Tokens = 128>
struct tokens {
  static_assert(Tokens > 0, "slimfit: chunk::tokens<Tokens>: Tokens must be positive");
  /// @param busy rows that keep the device busy; 0: any number does
  static constexpr index_t rows(index_t all, index_t hidden, index_t busy) {
    index_t const parts = busy > 0 ? std::max<index_t>(divide_up(all, busy), 1) : 0;
    return std::max<index_t>({Tokens, std::min(hidden, all / 4), parts > 0 ? divide_up(all, parts) : 0});
  }
};

}  // namespace slimfit::chunk
