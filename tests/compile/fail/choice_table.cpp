// SPDX-License-Identifier: MIT
// expect: slimfit: choice_table: every blocks_choice needs a time for each of the freezing rates
#include <slimfit/plan/operator_choices.hpp>
#include <slimfit/policy/presets.hpp>

using namespace slimfit;

using table =
    choice_table<policy::exact, freezing_rates<0, 50>, blocks_choices<blocks_choice<policy::unchanged, 9, 0, 100>>,
                 operator_choices<operator_choice<policy::unchanged, 0, 0, 0, 0>>>;
candidates_of<table> all;
