// SPDX-License-Identifier: MIT
// expect: slimfit: candidate<Preset, FrozenPercent, Error, TimePercent>: FrozenPercent must be 0 to 99, Error at least 0 and TimePercent positive
#include <slimfit/plan/candidate.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

double const rate = candidate<policy::slim, 100, 500, 100>::rate;
