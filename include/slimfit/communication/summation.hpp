// SPDX-License-Identifier: MIT
// In which order numbers of several ranks are added.
#pragma once

namespace slimfit::summation {

/// As the library that communicates likes it best: fastest, and the last bits depend on the number of ranks.
struct library {
  static constexpr bool needs_scratch = false;
};

}  // namespace slimfit::summation
