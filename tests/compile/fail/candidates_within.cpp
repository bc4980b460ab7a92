// SPDX-License-Identifier: MIT
// expect: slimfit: candidates_within<Candidates, TimePercent>: no candidate's step takes as little; raise TimePercent
#include <slimfit/plan/measured_candidates.hpp>

slimfit::candidates_within<slimfit::measured_choices, 1> quick;
