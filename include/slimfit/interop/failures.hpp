// SPDX-License-Identifier: MIT
// Exceptions stay inside a library with a C interface: its callers get a number, and the sentence on demand.
#pragma once

#include <exception>
#include <new>
#include <string>

#include <slimfit/core/error.hpp>

// What a library shows; all else is compiled with -fvisibility=hidden, because several libraries of one process, each
// with policies of its own, must not share the library's functions and variables.
#define SLIMFIT_EXPORT extern "C" __attribute__((visibility("default")))

namespace slimfit::interop {

/// What went wrong in the last call of this thread; empty: nothing.
inline std::string& last_failure() {
  thread_local std::string text;
  return text;
}

/// Runs `body()`. @return 0, 1 where it threw, 2 where there was not enough memory
template <class Body>
int guarded(Body const& body) noexcept {
  auto const failed = [](char const* reason, int code) {
    try {
      last_failure() = reason;
    } catch (std::bad_alloc const&) { last_failure().clear(); }
    return code;
  };
  try {
    last_failure().clear();
    body();
    return 0;
  } catch (memory_error const& reason) { return failed(reason.what(), 2); } catch (std::bad_alloc const&) {
    return failed("slimfit: out of memory", 2);
  } catch (std::exception const& reason) { return failed(reason.what(), 1); } catch (...) {
    return failed("slimfit: an exception that is no std::exception", 1);
  }
}

}  // namespace slimfit::interop
