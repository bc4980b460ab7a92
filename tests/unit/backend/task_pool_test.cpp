// SPDX-License-Identifier: MIT
// The pool that all host work runs on; under ThreadSanitizer these are the tests of its synchronisation.
#include <doctest/doctest.h>
#include <slimfit/backend/task_pool.hpp>

#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using slimfit::index_t;
using slimfit::task_pool;

namespace {

/// Plain memory that tasks write: a task that ran twice or never, or a write that the caller cannot see, shows.
std::vector<int> visits(task_pool& pool, index_t count) {
  std::vector<int> seen(static_cast<std::size_t>(count), 0);
  pool.run(count, [&](index_t i) { ++seen[static_cast<std::size_t>(i)]; });
  return seen;
}

}  // namespace

TEST_CASE("task_pool: each task runs once, whatever the number of threads and tasks") {
  for (int const threads : {1, 2, 3, 8}) {
    task_pool pool(threads);
    CHECK(pool.threads() == threads);
    for (index_t const count : {0, 1, 2, 7, 100}) {
      CHECK(visits(pool, count) == std::vector<int>(static_cast<std::size_t>(count), 1));
    }
  }
}

TEST_CASE("task_pool: calls follow each other without mixing") {
  task_pool pool(4);
  std::vector<long> sums(16, 0);
  for (int call = 0; call < 2000; ++call) {
    // Sums that grow from call to call in the same places, on whatever thread.
    pool.run(16, [&](index_t i) { sums[static_cast<std::size_t>(i)] += i + call; });
  }
  for (std::size_t i = 0; i < sums.size(); ++i) { CHECK(sums[i] == static_cast<long>(2000 * i + 2000L * 1999 / 2)); }
}

TEST_CASE("task_pool: a call that comes after threads have gone to sleep is served") {
  task_pool pool(3);
  for (int call = 0; call < 5; ++call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(visits(pool, 40) == std::vector<int>(40, 1));
  }
}

TEST_CASE("task_pool: a call from within a task runs on the task's thread") {
  task_pool pool(3);
  std::vector<int> seen(64, 0);
  pool.run(8, [&](index_t outer) {
    auto const here = std::this_thread::get_id();
    pool.run(8, [&](index_t inner) {
      seen[static_cast<std::size_t>(outer * 8 + inner)] += std::this_thread::get_id() == here ? 1 : 100;
    });
  });
  CHECK(seen == std::vector<int>(64, 1));
}

TEST_CASE("task_pool: threads that call at the same time each get all of their tasks done") {
  task_pool pool(2);
  std::vector<std::vector<int>> seen(3);
  std::vector<std::thread> callers;
  for (auto& each : seen) {
    callers.emplace_back([&pool, &each] {
      for (int call = 0; call < 200; ++call) { each = visits(pool, 32); }
    });
  }
  for (auto& caller : callers) { caller.join(); }
  for (auto const& each : seen) { CHECK(each == std::vector<int>(32, 1)); }
}

TEST_CASE("task_pool: what a task throws reaches the caller, after all others have run") {
  task_pool pool(3);
  std::vector<int> seen(50, 0);
  CHECK_THROWS_WITH_AS(pool.run(50,
                                [&](index_t i) {
                                  ++seen[static_cast<std::size_t>(i)];
                                  if (i == 20) { throw std::runtime_error("task 20"); }
                                }),
                       "task 20", std::runtime_error);
  CHECK(std::accumulate(seen.begin(), seen.end(), 0) >= 21);
  CHECK(visits(pool, 50) == std::vector<int>(50, 1));
}

TEST_CASE("task_pool: a caller whose last task is elsewhere sleeps") {
  task_pool pool(2);
  auto const computed = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  };
  auto const caller = std::this_thread::get_id();
  double const before = computed();
  // Both threads have one task; that of the other one takes long without computing.
  std::atomic<int> begun = 0;
  pool.run(2, [&](index_t) {
    ++begun;
    while (begun < 2) { std::this_thread::yield(); }
    if (std::this_thread::get_id() != caller) { std::this_thread::sleep_for(std::chrono::milliseconds(600)); }
  });
  CHECK(computed() - before < 0.2);
}

// Sanitizers take more addresses than any limit leaves.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#if defined(__has_feature)
#if !__has_feature(thread_sanitizer) && !__has_feature(address_sanitizer)
#define SLIMFIT_TEST_LIMITS
#endif
#else
#define SLIMFIT_TEST_LIMITS
#endif
#endif
#if defined(SLIMFIT_TEST_LIMITS)
TEST_CASE("task_pool: threads that cannot be started are an error, and those that were end") {
  rlimit usual{};
  REQUIRE(getrlimit(RLIMIT_AS, &usual) == 0);
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  if (pages == 0) { return; }  // not Linux
  // Room for a few stacks.
  rlimit const tight{pages * 4096 + (100U << 20U), usual.rlim_max};
  REQUIRE(setrlimit(RLIMIT_AS, &tight) == 0);
  std::string message;
  try {
    task_pool const pool(200);
  } catch (slimfit::error const& problem) { message = problem.what(); }
  REQUIRE(setrlimit(RLIMIT_AS, &usual) == 0);
  CHECK(message.find("threads is 200, expected at most the ") != std::string::npos);
  task_pool pool(4);
  CHECK(visits(pool, 40) == std::vector<int>(40, 1));
}
#endif
