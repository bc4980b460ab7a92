// SPDX-License-Identifier: MIT
// The freezing schedules that a run can be asked for by name.
#pragma once

#include <slimfit/freezing.hpp>

#include <functional>
#include <map>
#include <string>

namespace examples {

/// A schedule that freezes a share of the units.
using make_schedule = std::function<slimfit::freezing::any_schedule(slimfit::freezing::run_time_rate)>;

struct named_schedule {
  std::string meaning;
  make_schedule make;
};

/// All of them by name.
std::map<std::string, named_schedule> const& schedules();

}  // namespace examples
