// SPDX-License-Identifier: MIT
// The choice of slimfit::fit, made when the program runs and explained: what each candidate takes, which fit, and where
// none does what would help.
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <slimfit/plan/candidate_words.hpp>
#include <string>
#include <vector>

#include "plan_rows.hpp"

namespace examples {

/// A candidate in the order of preference.
struct budget_row {
  slimfit::candidate_words policy;
  std::size_t number = 0;  ///< among slimfit::candidates_of<slimfit::measured_choices>
  double rate = 0;
  index_t peak = 0;
  double gradient_error = 0;  ///< of active units
  double step_error = 0;      ///< of a step against one that updates everything exactly
  double time = 0;            ///< of a step, of eager's with nothing frozen
};

/// What makes the smallest candidate fit, or how far it is from that.
struct budget_remedy {
  std::string change;
  index_t peak = 0;
};

struct budget_answer {
  plan_request request;  ///< of all rows
  index_t budget = 0;
  std::vector<budget_row> rows;         ///< best first
  int chosen = -1;                      ///< number of the first row that fits; -1: none does
  std::vector<budget_remedy> remedies;  ///< where none does, those that suffice first
};

/// @param request its policy and rate are not looked at
/// @param most_time candidates whose steps take longer are left out, of eager's with nothing frozen
/// @throws slimfit::error for sizes that the model cannot have, and when no candidate is as quick
budget_answer choose_for_budget(plan_request const& request, index_t budget, double most_time);
void print_budget(std::ostream& out, budget_answer const& answer);
nlohmann::json budget_json(budget_answer const& answer);

}  // namespace examples
