// SPDX-License-Identifier: MIT
// Makes a freezing schedule a shared library with the C interface of schedule.h:
//
//     #include <slimfit/interop/schedule_library.hpp>
//     using schedule_type = slimfit::freezing::inter_layer<slimfit::freezing::relative_update,
//                                                          slimfit::freezing::run_time_rate>;
//     SLIMFIT_SCHEDULE_LIBRARY(schedule_type)
//
// compiled with -shared -fPIC -fvisibility=hidden.
#pragma once

#include <algorithm>
#include <utility>

#include <slimfit/interop/schedule.h>
#include <slimfit/freezing.hpp>
#include <slimfit/interop/failures.hpp>

namespace slimfit::interop {

/// What a handle of schedule.h stands for.
/// @tparam Schedule has a constructor from `freezing::run_time_rate`
template <class Schedule>
class held_schedule {
 public:
  using state_type = decltype(std::declval<Schedule const&>().make_state(0, 0));

  held_schedule(index_t units, double rate, std::uint64_t seed)
      : state_(Schedule(freezing::run_time_rate(rate)).make_state(units, seed)) {}

  void choose(index_t iteration, unsigned char* active) {
    auto const chosen = state_.choose(iteration);
    for (index_t unit = 0; unit < state_.units(); ++unit) { active[unit] = chosen.test(unit) ? 1 : 0; }
  }
  void observe(index_t unit, freezing::unit_statistics const& measured) {
    if (measured.has_learnt()) { state_.observe(unit, measured); }
  }
  [[nodiscard]] state_type& state() { return state_; }
  [[nodiscard]] state_type const& state() const { return state_; }

 private:
  state_type state_;
};

}  // namespace slimfit::interop

/// Defines the functions of schedule.h. Once in a library.
#define SLIMFIT_SCHEDULE_LIBRARY(schedule_type)                                                                      \
  struct slimfit_schedule : ::slimfit::interop::held_schedule<schedule_type> {                                       \
    using held_schedule::held_schedule;                                                                              \
  };                                                                                                                 \
  SLIMFIT_EXPORT char const* slimfit_error(void) { return ::slimfit::interop::last_failure().c_str(); }              \
  SLIMFIT_EXPORT slimfit_schedule* slimfit_schedule_make(int64_t units, double rate, uint64_t seed) {                \
    slimfit_schedule* made = nullptr;                                                                                \
    ::slimfit::interop::guarded([&] { made = new slimfit_schedule(units, rate, seed); });                            \
    return made;                                                                                                     \
  }                                                                                                                  \
  SLIMFIT_EXPORT void slimfit_schedule_end(slimfit_schedule* schedule) { delete schedule; }                          \
  SLIMFIT_EXPORT int slimfit_schedule_choose(slimfit_schedule* schedule, int64_t iteration, unsigned char* active) { \
    return ::slimfit::interop::guarded([&] { schedule->choose(iteration, active); });                                \
  }                                                                                                                  \
  SLIMFIT_EXPORT int slimfit_schedule_observe(slimfit_schedule* schedule, int64_t unit, double relative_update,      \
                                              double gradient_norm) {                                                \
    return ::slimfit::interop::guarded([&] { schedule->observe(unit, {relative_update, gradient_norm}); });          \
  }                                                                                                                  \
  SLIMFIT_EXPORT int slimfit_schedule_raise_distances(slimfit_schedule* schedule, double factor) {                   \
    return ::slimfit::interop::guarded([&] { schedule->state().raise_distances(factor); });                          \
  }                                                                                                                  \
  SLIMFIT_EXPORT int64_t slimfit_schedule_state_size(slimfit_schedule const* schedule) {                             \
    int64_t size = 0;                                                                                                \
    ::slimfit::interop::guarded([&] { size = std::ssize(schedule->state().save_state()); });                         \
    return size;                                                                                                     \
  }                                                                                                                  \
  SLIMFIT_EXPORT int slimfit_schedule_save(slimfit_schedule const* schedule, double* numbers) {                      \
    return ::slimfit::interop::guarded([&] { std::ranges::copy(schedule->state().save_state(), numbers); });         \
  }                                                                                                                  \
  SLIMFIT_EXPORT int slimfit_schedule_load(slimfit_schedule* schedule, double const* numbers) {                      \
    return ::slimfit::interop::guarded([&] {                                                                         \
      schedule->state().load_state({numbers, schedule->state().save_state().size()});                                \
    });                                                                                                              \
  }
