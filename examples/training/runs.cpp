// SPDX-License-Identifier: MIT
#include "runs.hpp"

#include <csignal>
#include <cstdio>

namespace examples {

namespace {
volatile std::sig_atomic_t interrupted = 0;
}

std::string run_title(run_choice const& choice) {
  char percent[16];
  std::snprintf(percent, sizeof percent, "%g", 100 * choice.rate);
  return choice.policy + ", " + percent + " % frozen";
}

double learning_rate(run_request const& request) {
  auto const& options = request.options;
  return request.choice.rate > 0 ? options.scheduled_learning_rate : options.learning_rate;
}

std::string checkpoint_path(training_options const& options) { return options.out + "/checkpoint.safetensors"; }

bool interrupt_requested() { return interrupted != 0; }

void catch_interrupts() {
  std::signal(SIGINT, [](int signal) {
    interrupted = 1;
    std::signal(signal, SIG_DFL);
  });
}

}  // namespace examples
