// SPDX-License-Identifier: MIT
#include "runs.hpp"

#include <csignal>
#include <map>

#include "policies.hpp"

namespace examples {

namespace {

std::map<std::string, run_outcome (*)(run_request const&)> const& policies() {
  static std::map<std::string, run_outcome (*)(run_request const&)> const known{
      {"eager", train_eager}, {"paper", train_paper},         {"exact", train_exact},
      {"slim", train_slim},   {"slim_3bit", train_slim_3bit}, {"slim_2bit", train_slim_2bit}};
  return known;
}

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (auto const& [name, train] : policies()) { names.push_back(name); }
  return names;
}

run_outcome run_policy(run_request const& request) { return policies().at(request.choice.policy)(request); }

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
          {"merge-labels", options.merged_labels},
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
