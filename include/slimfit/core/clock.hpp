// SPDX-License-Identifier: MIT
// Time that passes. Not std::chrono: its header takes compilers longer than most of the library's.
#pragma once

#include <ctime>

namespace slimfit {

/// Seconds since a moment that stays the same while the machine runs.
inline double seconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace slimfit
