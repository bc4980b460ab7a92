// SPDX-License-Identifier: MIT
#include "runs.hpp"

#include <cstdio>

namespace examples {

std::string run_title(run_choice const& choice) {
  char percent[16];
  std::snprintf(percent, sizeof percent, "%g", choice.rate);
  return choice.policy + ", " + percent + " % frozen";
}

double learning_rate(run_request const& request) {
  auto const& options = request.options;
  return request.choice.rate > 0 ? options.scheduled_learning_rate : options.learning_rate;
}

}  // namespace examples
