// SPDX-License-Identifier: MIT
#include "signals.hpp"

#include <atomic>
#include <csignal>
#include <ctime>

#include <unistd.h>

namespace examples {

namespace {

// Any thread may get a signal.
std::atomic<bool> saves = false;
std::atomic<bool> interrupted = false;
std::atomic<long long> pressed_at = -1;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<long long>::is_always_lock_free);

long long milliseconds() {
  struct timespec now {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return 1000LL * now.tv_sec + now.tv_nsec / 1'000'000;
}

/// What the signal does to programs that do not catch it, once its handler is left.
void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void note(int signal, siginfo_t* facts, void* /*context*/) {
  // A write beyond the limit for files fails, and whoever writes says so. Nor are results lost where nobody reads what
  // is printed.
  if ((signal == SIGXFSZ || (signal == SIGPIPE && !saves)) && facts->si_pid == ::getpid()) { return; }
  if (!saves) {
    end_by(signal);
    return;
  }
  interrupted = true;
  if (signal != SIGINT) { return; }
  // `timeout` and some shells send a signal twice at once: to a process and to its group.
  constexpr long long same_press = 500;
  auto const now = milliseconds();
  auto const before = pressed_at.exchange(now);
  if (before >= 0 && now - before > same_press) { end_by(SIGINT); }
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int const signal : {SIGINT, SIGTERM, SIGHUP, SIGXFSZ, SIGXCPU, SIGUSR1, SIGUSR2, SIGPIPE}) {
    struct sigaction before {};
    // nohup has SIGHUP ignored for a reason.
    if (signal == SIGHUP && ::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) { continue; }
    ::sigaction(signal, &action, nullptr);
  }
}

void save_at_signals(bool value) { saves = value; }

bool interrupt_requested() { return interrupted; }

}  // namespace examples
