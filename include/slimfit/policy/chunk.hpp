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

/// A part of the batch, but at least as many rows as the hidden size, from which on a product's cost is that of its
/// arithmetic rather than of reading the weights; in small batches at least a quarter of all, so that workspace stays
/// small beside what is kept. An eighth of a large batch keeps a large device busy, and makes a few percent of the
/// peak.
/// @tparam Tokens the fewest
/// @tparam Parts  of a large batch
template <int Tokens = 128, int Parts = 8>
struct tokens {
  static_assert(Tokens > 0 && Parts > 0, "slimfit: chunk::tokens<Tokens, Parts>: both must be positive");
  static constexpr index_t rows(index_t all, index_t hidden) {
    return std::max<index_t>({Tokens, std::min(hidden, all / 4), all / Parts});
  }
};

}  // namespace slimfit::chunk
