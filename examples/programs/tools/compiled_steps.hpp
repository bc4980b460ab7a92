// SPDX-License-Identifier: MIT
// What slimfit-step was compiled for. CMake makes the functions from steps/step_run.in and defines SLIMFIT_RUNS as the
// list SLIMFIT_RUN(model, policy, backend, scalar, order) ...; one source file includes this header.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "../support/command_ranks.hpp"
#include "measured_step.hpp"
#include "models.hpp"

namespace examples {

#define SLIMFIT_RUN(model, policy, backend, scalar, order)                                                \
  step_measurement measure_##model##_##policy##_on_##backend##_in_##scalar##_##order(step_request const&, \
                                                                                     command_ranks&);
SLIMFIT_RUNS
#undef SLIMFIT_RUN

struct compiled_step {
  std::string_view model;
  std::string_view policy;
  std::string_view backend;
  std::string_view scalar;
  std::string_view order;  ///< of sums over ranks; "single" for one
  step_measurement (*measure)(step_request const&, command_ranks&);
};

/// All of them: every model under every policy on every backend in every scalar that CMake was told, and of several
/// ranks some.
inline std::vector<compiled_step> const& compiled_steps() {
  static std::vector<compiled_step> const known{
#define SLIMFIT_RUN(model, policy, backend, scalar, order) \
  {model::name, #policy, #backend, #scalar, #order, measure_##model##_##policy##_on_##backend##_in_##scalar##_##order},
      SLIMFIT_RUNS
#undef SLIMFIT_RUN
  };
  return known;
}

/// The names that one column of that list has, each once.
inline std::vector<std::string> compiled_names(std::string_view compiled_step::*which) {
  std::vector<std::string> names;
  for (auto const& each : compiled_steps()) {
    if (std::find(names.begin(), names.end(), each.*which) == names.end()) { names.emplace_back(each.*which); }
  }
  return names;
}

/// @param setting of CMake that decides what is compiled
/// @throws value_error when nothing was compiled for `name`
inline void require_compiled(char const* option, std::string const& name, std::string_view compiled_step::*which,
                             std::string const& setting) {
  auto const names = compiled_names(which);
  if (std::find(names.begin(), names.end(), name) != names.end()) { return; }
  std::string expected;
  for (auto const& each : names) { expected += (expected.empty() ? "" : " or ") + each; }
  throw slimfit::value_error(slimfit::mismatch(
      option, name, expected + ", which this program was compiled for; build it with " + setting + " for more"));
}

/// What measures as the request says on so many ranks. @throws value_error when it was not compiled
inline compiled_step const& compiled_step_of(step_request const& request, int ranks) {
  require_compiled("--backend", request.backend, &compiled_step::backend, "-DSLIMFIT_CUDA=ON");
  require_compiled("--scalar", request.scalar, &compiled_step::scalar, "-DSLIMFIT_SCALARS=\"float;bf16\"");
  require_compiled("--model", request.model, &compiled_step::model, "-DSLIMFIT_STEP_MODELS=...");
  require_compiled("--policy", request.policy, &compiled_step::policy, "-DSLIMFIT_STEP_POLICIES=...");
  auto const found = std::find_if(compiled_steps().begin(), compiled_steps().end(), [&](compiled_step const& each) {
    return each.backend == request.backend && each.scalar == request.scalar && each.model == request.model &&
           each.policy == request.policy && each.order == (ranks > 1 ? "library" : "single");
  });
  if (found == compiled_steps().end()) {
    throw slimfit::value_error(slimfit::mismatch(
        "number of ranks", ranks,
        "1 for --backend " + request.backend + " --policy " + request.policy +
            ": on several this program was compiled for the host, where there is MPI, and SLIMFIT_RANK_POLICIES"));
  }
  return *found;
}

}  // namespace examples
