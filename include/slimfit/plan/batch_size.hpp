// SPDX-License-Identifier: MIT
// Which batches there can be: a plan of another would be a number without a meaning.
#pragma once

#include <cstdint>
#include <limits>

#include <slimfit/core/config.hpp>
#include <slimfit/core/error.hpp>

namespace slimfit::detail {

/// @throws value_error: in a constant expression that does not compile
constexpr index_t checked_batch(index_t batch, index_t tokens) {
  constexpr index_t most_rows = std::numeric_limits<std::int32_t>::max();
  if (batch < 1 || batch > most_rows / tokens) {
    raise_mismatch<value_error>("plan: batch", batch,
                                {"at least 1 and at most ", most_rows / tokens, " sequences of ", tokens, " tokens"});
  }
  return batch;
}

}  // namespace slimfit::detail
