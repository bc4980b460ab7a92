// SPDX-License-Identifier: MIT
// Which samples of a batch are a rank's.
#pragma once

#include <algorithm>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Samples `first` to `first + count - 1`.
struct batch_share {
  index_t first = 0;
  index_t count = 0;
  friend constexpr bool operator==(batch_share const&, batch_share const&) = default;
};

/// The part of a batch of `samples` samples that is `part`'s of `parts`: parts are consecutive and differ by one sample
/// at most, the first ones are larger. Where there are fewer samples than parts the last ones have none.
constexpr batch_share share_of_batch(index_t samples, index_t part, index_t parts) {
  index_t const each = samples / parts;
  index_t const larger = samples % parts;
  return {part * each + std::min(part, larger), each + (part < larger ? 1 : 0)};
}

}  // namespace slimfit
