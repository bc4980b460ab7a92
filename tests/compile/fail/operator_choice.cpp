// SPDX-License-Identifier: MIT
// expect: slimfit: operator_choice<Change, Bytes, ActiveBytes, Error, Time>: Error must be at least 0
#include <slimfit/plan/operator_choices.hpp>

slimfit::operator_choice<slimfit::policy::coded_norms<8>, -2000, 0, -35, 0> coded;
