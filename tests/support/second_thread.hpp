// SPDX-License-Identifier: MIT
// Calls by another thread than the test's.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <slimfit/core/error.hpp>
#include <string>
#include <thread>

namespace slimfit::testing {

/// Whether a second thread's `call()` is refused because a first one uses the backend.
inline bool is_refused(std::function<void()> const& call) {
  bool refused = false;
  std::thread([&] {
    try {
      call();
    } catch (usage_error const& problem) {
      refused = std::string(problem.what()).find("two threads use one backend") != std::string::npos;
    } catch (error const& other) { MESSAGE(other.what()); }
  }).join();
  return refused;
}

}  // namespace slimfit::testing
