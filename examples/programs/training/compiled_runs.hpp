// SPDX-License-Identifier: MIT
// The runs that a program was compiled with. CMake makes a file for each policy, backend and scalar, so that they
// compile side by side, and defines SLIMFIT_RUNS as the list SLIMFIT_RUN(policy, backend, scalar) ...; the one source
// file of a program that includes this header gives it the type of its runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runs.hpp"

namespace examples {

// SLIMFIT_RUN_PARAMETERS: what a run is told.
#define SLIMFIT_RUN(policy, backend, scalar) \
  run_outcome train_##policy##_on_##backend##_in_##scalar(SLIMFIT_RUN_PARAMETERS);
SLIMFIT_RUNS
#undef SLIMFIT_RUN

using train_function = run_outcome (*)(SLIMFIT_RUN_PARAMETERS);

/// By policy.
using policy_runs = std::map<std::string, train_function>;

/// By backend and scalar.
inline std::map<std::string, std::map<std::string, policy_runs>> const& compiled_runs() {
  static auto const known = [] {
    std::map<std::string, std::map<std::string, policy_runs>> runs;
#define SLIMFIT_RUN(policy, backend, scalar) \
  runs[#backend][#scalar][#policy] = train_##policy##_on_##backend##_in_##scalar;
    SLIMFIT_RUNS
#undef SLIMFIT_RUN
    return runs;
  }();
  return known;
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (auto const& [name, train] : compiled_runs().at("host").begin()->second) { names.push_back(name); }
  return names;
}
std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (auto const& [name, runs] : compiled_runs()) { names.push_back(name); }
  return names;
}
std::vector<std::string> scalar_names() {
  std::vector<std::string> names;
  for (auto const& [name, runs] : compiled_runs().at("host")) { names.push_back(name); }
  return names;
}

}  // namespace examples
