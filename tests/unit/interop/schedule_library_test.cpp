// SPDX-License-Identifier: MIT
// A schedule through its C interface chooses what the schedule itself chooses.
#include <doctest/doctest.h>
#include <slimfit/interop/schedule_library.hpp>

#include <string>
#include <vector>

using namespace slimfit;

namespace {
using schedule_type = freezing::inter_layer<freezing::relative_update, freezing::run_time_rate>;
constexpr index_t units = 12;

double measured(index_t iteration, index_t unit) {
  return 1.0 / static_cast<double>(1 + (7 * iteration + 5 * unit) % 11);
}
}  // namespace

SLIMFIT_SCHEDULE_LIBRARY(schedule_type)

TEST_CASE("schedule library: chooses as the schedule does, also from a checkpoint") {
  auto state = schedule_type(freezing::run_time_rate(75)).make_state(units, 3);
  auto* schedule = slimfit_schedule_make(units, 75, 3);
  REQUIRE(schedule != nullptr);
  std::vector<unsigned char> active(units);
  for (index_t iteration = 0; iteration < 20; ++iteration) {
    CAPTURE(iteration);
    auto const wanted = state.choose(iteration);
    REQUIRE(slimfit_schedule_choose(schedule, iteration, active.data()) == 0);
    for (index_t unit = 0; unit < units; ++unit) {
      CHECK((active[static_cast<std::size_t>(unit)] != 0) == wanted.test(unit));
      if (!wanted.test(unit)) { continue; }
      state.observe(unit, {measured(iteration, unit), 1.0});
      REQUIRE(slimfit_schedule_observe(schedule, unit, measured(iteration, unit), 1.0) == 0);
    }
    if (iteration == 5) {
      state.raise_distances(2);
      REQUIRE(slimfit_schedule_raise_distances(schedule, 2) == 0);
    }
    if (iteration == 9) {
      std::vector<double> state_numbers(static_cast<std::size_t>(slimfit_schedule_state_size(schedule)));
      REQUIRE(slimfit_schedule_save(schedule, state_numbers.data()) == 0);
      CHECK(state_numbers == state.save_state());
      slimfit_schedule_end(schedule);
      schedule = slimfit_schedule_make(units, 75, 4);
      REQUIRE(slimfit_schedule_load(schedule, state_numbers.data()) == 0);
    }
  }
  slimfit_schedule_end(schedule);
}

TEST_CASE("schedule library: an update that moved nothing says nothing") {
  auto* const schedule = slimfit_schedule_make(2, 50, 0);
  std::vector<double> before(static_cast<std::size_t>(slimfit_schedule_state_size(schedule)));
  REQUIRE(slimfit_schedule_save(schedule, before.data()) == 0);
  REQUIRE(slimfit_schedule_observe(schedule, 0, 0.0, 1.0) == 0);
  auto after = before;
  REQUIRE(slimfit_schedule_save(schedule, after.data()) == 0);
  CHECK(after == before);
  slimfit_schedule_end(schedule);
}

TEST_CASE("schedule library: what is wrong is said") {
  CHECK(slimfit_schedule_make(2, 0.5, 0) == nullptr);
  CHECK(std::string(slimfit_error()).find("freezing rate is 0.5") != std::string::npos);
  auto* const schedule = slimfit_schedule_make(2, 50, 0);
  CHECK(slimfit_schedule_observe(schedule, 2, 1.0, 1.0) == 1);
  CHECK(std::string(slimfit_error()) == "slimfit: unit is 2, expected at least 0 and less than 2");
  slimfit_schedule_end(schedule);
}
