// SPDX-License-Identifier: MIT
#include "runs.hpp"

#include <csignal>

namespace examples {

namespace {
volatile std::sig_atomic_t interrupted = 0;
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
