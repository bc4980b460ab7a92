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
    throw value_error(mismatch("plan: batch", batch,
                               "at least 1 and at most " + std::to_string(most_rows / tokens) + " sequences of " +
                                   std::to_string(tokens) + " tokens"));
  }
  return batch;
}

}  // namespace slimfit::detail
