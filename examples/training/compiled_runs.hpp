// SPDX-License-Identifier: MIT
// The runs that a program was compiled with. CMake makes a file for each policy and backend, so that they compile side
// by side, and defines SLIMFIT_RUNS as the list SLIMFIT_RUN(policy, backend) ...; the one source file of a program that
// includes this header gives it the type of its runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runs.hpp"

namespace examples {

// SLIMFIT_RUN_PARAMETERS: what a run is told.
#define SLIMFIT_RUN(policy, backend) run_outcome train_##policy##_on_##backend(SLIMFIT_RUN_PARAMETERS);
SLIMFIT_RUNS
#undef SLIMFIT_RUN

using train_function = run_outcome (*)(SLIMFIT_RUN_PARAMETERS);

/// By backend and policy.
inline std::map<std::string, std::map<std::string, train_function>> const& compiled_runs() {
  static auto const known = [] {
    std::map<std::string, std::map<std::string, train_function>> runs;
#define SLIMFIT_RUN(policy, backend) runs[#backend][#policy] = train_##policy##_on_##backend;
    SLIMFIT_RUNS
#undef SLIMFIT_RUN
    return runs;
  }();
  return known;
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (auto const& [name, train] : compiled_runs().at("host")) { names.push_back(name); }
  return names;
}
std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (auto const& [name, runs] : compiled_runs()) { names.push_back(name); }
  return names;
}

}  // namespace examples
