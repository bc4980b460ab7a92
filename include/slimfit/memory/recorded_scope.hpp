// SPDX-License-Identifier: MIT
// Scopes that tell who watches memory where a pass is and what it keeps. When nothing watches, they do nothing, in
// constant expressions too.
#pragma once

#include <slimfit/memory/observer.hpp>

namespace slimfit {

/// The name of a range where the backend has none.
struct no_range {};

/// A range of a record and, where the backend has such, of a profile.
/// @tparam Device its `range(name, number)` gives an object that lives as long as the range
template <class Device>
class recorded_range {
 public:
  constexpr recorded_range(memory_observer* observer, char const* name, int number)
      : observer_(observer), profiled_(profiled(name, number)) {
    if (observer_ != nullptr) { tell_entry(name, number); }
  }
  recorded_range(recorded_range const&) = delete;
  recorded_range& operator=(recorded_range const&) = delete;
  constexpr ~recorded_range() {
    if (observer_ != nullptr) { tell_exit(); }
  }

 private:
  SLIMFIT_COLD constexpr void tell_entry(char const* name, int number) { observer_->enter(name, number); }
  SLIMFIT_COLD constexpr void tell_exit() { observer_->leave(); }
  static constexpr auto profiled([[maybe_unused]] char const* name, [[maybe_unused]] int number) {
    if constexpr (requires { Device::range(name, number); }) {
      return Device::range(name, number);
    } else {
      return no_range{};
    }
  }

  memory_observer* observer_;
  decltype(profiled("", 0)) profiled_;
};

/// While it lives, what goes on the tape is one matrix.
class recorded_matrix {
 public:
  /// @param describe gives a `described_matrix`; called only when something watches
  template <class Describe>
  constexpr recorded_matrix(memory_observer* observer, Describe const& describe) : observer_(observer) {
    if (observer_ != nullptr) { tell(describe); }
  }
  recorded_matrix(recorded_matrix const&) = delete;
  recorded_matrix& operator=(recorded_matrix const&) = delete;
  constexpr ~recorded_matrix() {
    if (observer_ != nullptr) { tell_end(); }
  }

 private:
  template <class Describe>
  SLIMFIT_COLD constexpr void tell(Describe const& describe) {
    observer_->name_matrix(describe());
  }
  SLIMFIT_COLD constexpr void tell_end() { observer_->name_matrix({}); }

  memory_observer* observer_;
};

}  // namespace slimfit
