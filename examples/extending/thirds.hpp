// SPDX-License-Identifier: MIT
// A schedule of one's own: a third of the units is active in each step, one third after the other.
#pragma once
#include <slimfit/slimfit.hpp>

struct thirds : slimfit::freezing::own_schedule<thirds> {
  static slimfit::active_set select(slimfit::freezing::choice_context const& now) {
    slimfit::active_set active;
    for (slimfit::index_t unit = 0; unit < now.units(); ++unit) { active.set(unit, (unit + now.iteration) % 3 == 0); }
    return active;
  }
  static constexpr slimfit::index_t most_active(slimfit::index_t units) { return (units + 2) / 3; }
};
