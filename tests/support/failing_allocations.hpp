// SPDX-License-Identifier: MIT
// Steps of a trainer in which one allocation fails, each in turn. What allocates asks `failing_allocation::fails()`.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <new>
#include <optional>
#include <slimfit/train/trainer.hpp>
#include <span>
#include <vector>

namespace slimfit::testing {

/// Which allocation fails.
struct failing_allocation {
  inline static long left = -1;        ///< that succeed before it; negative: all do
  inline static bool forever = false;  ///< whether all after it fail too
  inline static bool failed = false;

  /// To be asked by everything that allocates.
  static bool fails() noexcept {
    if (left < 0 || left-- > 0) { return false; }
    if (forever) { left = 0; }
    failed = true;
    return true;
  }
  static void none() noexcept { left = -1; }
};

/// @tparam Upstream of an accounted resource
template <class Upstream>
struct failing_upstream : Upstream {
  void* allocate(index_t bytes) const {
    return bytes > 0 && failing_allocation::fails() ? nullptr : Upstream::allocate(bytes);
  }
};

/// An offload store whose memory may be refused.
template <class Store>
struct failing_store : Store {
  using Store::Store;
  void reserve(index_t bytes) {
    if (bytes > 0 && failing_allocation::fails()) { Store::report_no_memory(bytes); }
    Store::reserve(bytes);
  }
};

/// What must not change when a step fails, and what a step leads to.
struct run_state {
  std::vector<std::vector<std::byte>> weights;
  std::vector<std::pair<std::string, std::vector<std::byte>>> moments;
  std::vector<index_t> steps;
  std::vector<index_t> updates;
  std::vector<double> schedule;
  active_set updated;
  index_t iteration = 0;
  friend bool operator==(run_state const&, run_state const&) = default;
};
template <class Trainer>
run_state state_of(Trainer& run) {
  run_state state;
  auto& device = run.net().device();
  auto const bytes_of = [&](auto const* data, index_t count) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(count) * sizeof *data);
    device.copy(reinterpret_cast<std::byte const*>(data), bytes.data(), std::ssize(bytes));
    return bytes;
  };
  for (auto const& [name, each] : run.net().parameters()) {
    state.weights.push_back(bytes_of(each.data, each.count()));
  }
  run.optimizer().for_each_state_array(run.parameter_counts(), [&](auto const& each) {
    state.moments.emplace_back(each.name, bytes_of(each.data, each.count));
  });
  state.steps = run.optimizer().step_counts();
  state.updates = run.optimizer().update_counts();
  state.schedule = run.schedule().save_state();
  state.updated = run.updated();
  state.iteration = run.iteration();
  return state;
}
/// @param drops moments of units that are no longer active may be gone
inline void check_unchanged(run_state after, run_state const& before, bool drops) {
  if (drops) {
    for (auto const& each : after.moments) { CHECK(std::ranges::find(before.moments, each) != before.moments.end()); }
    after.moments = before.moments;
    for (std::size_t i = 0; i < after.steps.size(); ++i) {
      if (after.steps[i] == 0) { after.steps[i] = before.steps[i]; }
    }
  }
  CHECK((after == before));
}

/// For every action, and for every allocation in it, a new run in which that one fails: nothing may have changed then,
/// and when it is tried again it and all after it do what they do in a run without failures.
/// @param make gives a run of its own, with members `device` and `run`, the trainer
/// @param actions on a trainer
/// @return failures
template <class Make, class Trainer>
int fail_everywhere(Make const& make, std::vector<std::function<void(Trainer&)>> const& actions, bool drops = false) {
  std::vector<run_state> expected;
  {
    auto const undisturbed = make();
    for (auto const& action : actions) {
      action(undisturbed->run);
      expected.push_back(state_of(undisturbed->run));
    }
  }
  int failures = 0;
  for (std::size_t target = 0; target < actions.size(); ++target) {
    for (long allocation = 0;; ++allocation) {
      CAPTURE(target);
      CAPTURE(allocation);
      auto const made = make();
      auto& run = made->run;
      for (std::size_t i = 0; i < target; ++i) { actions[i](run); }
      auto const before = state_of(run);
      bool threw = false;
      failing_allocation::failed = false;
      failing_allocation::left = allocation;
      try {
        actions[target](run);
      } catch (std::bad_alloc const&) { threw = true; } catch (error const&) {
        threw = true;
      }
      failing_allocation::none();
      REQUIRE(threw == failing_allocation::failed);
      if (!threw) { break; }
      ++failures;
      check_unchanged(state_of(run), before, drops);
      CHECK(made->device.memory().book().now().stored() == 0);
      actions[target](run);
      CHECK((state_of(run) == expected[target]));
    }
  }
  return failures;
}

}  // namespace slimfit::testing
