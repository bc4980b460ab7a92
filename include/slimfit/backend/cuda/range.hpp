// SPDX-License-Identifier: MIT
// Named ranges in profiles (NVTX): which layer enqueued what.
#pragma once

#include <nvtx3/nvToolsExt.h>

namespace slimfit {

/// From its construction to the end of its scope.
class profile_range {
 public:
  explicit profile_range(char const* name) { nvtxRangePushA(name); }
  profile_range(profile_range const&) = delete;
  profile_range& operator=(profile_range const&) = delete;
  ~profile_range() { nvtxRangePop(); }
};

}  // namespace slimfit
