// SPDX-License-Identifier: MIT
// Named ranges in profiles (NVTX): which layer enqueued what.
#pragma once

#include <nvtx3/nvToolsExt.h>

#include <array>
#include <cstdio>

namespace slimfit {

/// From its construction to the end of its scope.
class profile_range {
 public:
  /// @param number behind the name; negative: none
  profile_range(char const* name, int number) {
    if (number < 0) {
      nvtxRangePushA(name);
    } else {
      std::array<char, 128> text{};  // of a pass, which allocates nothing
      (void)std::snprintf(text.data(), text.size(), "%s %d", name, number);
      nvtxRangePushA(text.data());
    }
  }
  profile_range(profile_range const&) = delete;
  profile_range& operator=(profile_range const&) = delete;
  ~profile_range() { nvtxRangePop(); }
};

}  // namespace slimfit
