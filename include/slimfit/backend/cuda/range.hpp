// SPDX-License-Identifier: MIT
// Named ranges in profiles (NVTX): which layer enqueued what.
#pragma once

#include <nvtx3/nvToolsExt.h>

#include <string>

namespace slimfit {

/// From its construction to the end of its scope.
class profile_range {
 public:
  /// @param number behind the name; negative: none
  profile_range(char const* name, int number) {
    if (number < 0) {
      nvtxRangePushA(name);
    } else {
      nvtxRangePushA((std::string(name) + " " + std::to_string(number)).c_str());
    }
  }
  profile_range(profile_range const&) = delete;
  profile_range& operator=(profile_range const&) = delete;
  ~profile_range() { nvtxRangePop(); }
};

}  // namespace slimfit
