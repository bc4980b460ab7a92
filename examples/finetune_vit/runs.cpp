// SPDX-License-Identifier: MIT
#include "runs.hpp"

#include <csignal>
#include <map>

namespace examples {

// In the files that CMake makes from policy_run.in, for the policies and backends that it lists.
#define SLIMFIT_RUN(policy, backend) run_outcome train_##policy##_on_##backend(run_request const& request);
SLIMFIT_RUNS
#undef SLIMFIT_RUN

namespace {

using train_function = run_outcome (*)(run_request const&);

/// By backend and policy.
std::map<std::string, std::map<std::string, train_function>> const& known_runs() {
  static auto const known = [] {
    std::map<std::string, std::map<std::string, train_function>> runs;
#define SLIMFIT_RUN(policy, backend) runs[#backend][#policy] = train_##policy##_on_##backend;
    SLIMFIT_RUNS
#undef SLIMFIT_RUN
    return runs;
  }();
  return known;
}

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (auto const& [name, train] : known_runs().at("host")) { names.push_back(name); }
  return names;
}
std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (auto const& [name, runs] : known_runs()) { names.push_back(name); }
  return names;
}

run_outcome run_policy(run_request const& request) {
  return known_runs().at(request.options.backend).at(request.choice.policy)(request);
}

std::string checkpoint_path(finetune_options const& options) { return options.out + "/checkpoint.safetensors"; }

nlohmann::json fixed_options(finetune_options const& options) {
  auto runs = nlohmann::json::array();
  for (auto const& run : options.runs) { runs.push_back({run.policy, run.rate}); }
  return {{"data", options.data},
          {"start", options.start},
          {"run", runs},
          {"images", options.images},
          {"batch", options.batch},
          {"epochs", options.epochs},
          {"learning-rate", options.learning_rate},
          {"scheduled-learning-rate", options.scheduled_learning_rate},
          {"weight-decay", options.weight_decay},
          {"backend", options.backend},
          {"merge-labels", options.merged_labels},
          {"saturation", options.saturation},
          {"seed", options.seed}};
}

bool interrupt_requested() { return interrupted != 0; }

void catch_interrupts() {
  std::signal(SIGINT, [](int signal) {
    interrupted = 1;
    std::signal(signal, SIG_DFL);
  });
}

}  // namespace examples
