// SPDX-License-Identifier: MIT
// A backend belongs to one thread at a time: its ledger, tape and stream have one order of events. Two threads that
// work on one at once are found, also in release builds: it takes some nanoseconds where a kernel is launched.
#pragma once

#include <atomic>

#include <slimfit/core/error.hpp>

namespace slimfit {

class exclusive_use {
 public:
  /// While it lives, the calling thread works on what it was made of. Scopes of one thread nest.
  class scope {
   public:
    /// @throws usage_error while another thread does
    explicit scope(exclusive_use& use) : use_(use), outermost_(use.enter()) {}
    scope(scope const&) = delete;
    scope& operator=(scope const&) = delete;
    ~scope() {
      if (outermost_) { use_.user_.store(nullptr, std::memory_order_release); }
    }

   private:
    exclusive_use& use_;
    bool outermost_;
  };

 private:
  /// @return whether it was free before
  bool enter() {
    static thread_local char const thread = 0;  // its address tells threads apart
    void const* inside = nullptr;
    if (user_.compare_exchange_strong(inside, &thread, std::memory_order_acquire)) { return true; }
    if (inside != &thread) {
      detail::raise<usage_error>(
          "slimfit: two threads use one backend (host, cuda) at the same time, expected one at a time: let one call "
          "end "
          "before another thread's begins, or give each thread its backend");
    }
    return false;
  }

  std::atomic<void const*> user_ = nullptr;
};

}  // namespace slimfit
