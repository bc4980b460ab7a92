// SPDX-License-Identifier: MIT
// The runs that a program was compiled with. CMake makes a file for each policy, backend, scalar and order of sums over
// ranks, so that they compile side by side, and defines SLIMFIT_RUNS as the list SLIMFIT_RUN(policy, backend, scalar,
// order) ...; the one source file of a program that includes this header gives it the type of its runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <slimfit/core/error.hpp>

#include "runs.hpp"

namespace examples {

// SLIMFIT_RUN_PARAMETERS: what a run is told.
#define SLIMFIT_RUN(policy, backend, scalar, order) \
  run_outcome train_##policy##_on_##backend##_in_##scalar##_##order(SLIMFIT_RUN_PARAMETERS);
SLIMFIT_RUNS
#undef SLIMFIT_RUN

using train_function = run_outcome (*)(SLIMFIT_RUN_PARAMETERS);

/// By policy.
using policy_runs = std::map<std::string, train_function>;

/// By backend and scalar.
using backend_runs = std::map<std::string, std::map<std::string, policy_runs>>;

/// By order of sums: "single" for one rank, else as `--sums` has them.
inline std::map<std::string, backend_runs> const& compiled_runs() {
  static auto const known = [] {
    std::map<std::string, backend_runs> runs;
#define SLIMFIT_RUN(policy, backend, scalar, order) \
  runs[#order][#backend][#scalar][#policy] = train_##policy##_on_##backend##_in_##scalar##_##order;
    SLIMFIT_RUNS
#undef SLIMFIT_RUN
    return runs;
  }();
  return known;
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (auto const& [name, train] : compiled_runs().at("single").at("host").begin()->second) { names.push_back(name); }
  return names;
}
std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (auto const& [name, runs] : compiled_runs().at("single")) { names.push_back(name); }
  return names;
}
std::vector<std::string> scalar_names() {
  std::vector<std::string> names;
  for (auto const& [name, runs] : compiled_runs().at("single").at("host")) { names.push_back(name); }
  return names;
}

/// The run that the options mean on so many ranks. @throws slimfit::value_error where it was not compiled
inline train_function compiled_run(training_options const& options, command_ranks const& ranks,
                                   std::string const& policy) {
  bool const is_single = ranks.size() == 1 && options.sums == "library";
  auto const& orders = compiled_runs();
  auto const order = orders.find(is_single ? "single" : options.sums);
  if (order == orders.end()) {
    throw slimfit::value_error(slimfit::mismatch(
        "--sums", options.sums, "another: this program was built without MPI, or without it in SLIMFIT_RANK_ORDERS"));
  }
  auto const backend = order->second.find(options.backend);
  if (backend == order->second.end()) {
    throw slimfit::value_error(slimfit::mismatch("--backend", options.backend, "host, where several ranks train"));
  }
  auto const& policies = backend->second.at(options.scalar);
  auto const found = policies.find(policy);
  if (found != policies.end()) { return found->second; }
  std::string known;
  for (auto const& [name, train] : policies) { known += (known.empty() ? "" : ", ") + name; }
  throw slimfit::value_error(slimfit::mismatch(
      "--run", policy, known + ", which this program was compiled for on several ranks (SLIMFIT_RANK_POLICIES)"));
}

/// @throws slimfit::value_error where one of the runs was not compiled, or no ranks share what it does
inline void require_compiled(training_options const& options, command_ranks const& ranks) {
  for (auto const& run : options.runs) { static_cast<void>(compiled_run(options, ranks, run.policy)); }
  if (options.error_batches > 0 && ranks.size() > 1) {
    throw slimfit::value_error(slimfit::mismatch("ranks of --measure-error", ranks.size(), "one"));
  }
}

}  // namespace examples
