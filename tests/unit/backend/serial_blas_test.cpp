// SPDX-License-Identifier: MIT
// Products start no threads beside those of the backend, whatever OpenMP or the BLAS was told, and leave both as they
// were.
#include <doctest/doctest.h>
#include <omp.h>

#include <filesystem>
#include <slimfit/backend/host.hpp>
#include <thread>
#include <utility>
#include <vector>

using namespace slimfit;

namespace {

/// Threads of this process; -1 where the system does not say.
long threads_now() {
  std::filesystem::path const tasks = "/proc/self/task";
  if (!std::filesystem::exists(tasks)) { return -1; }
  return std::distance(std::filesystem::directory_iterator(tasks), {});
}

/// A product large enough for a BLAS to use threads.
std::vector<float> product(host const& device) {
  constexpr index_t n = 700;
  std::vector<float> left(n * n);
  std::vector<float> right(n * n);
  std::vector<float> result(n * n);
  for (std::size_t i = 0; i < left.size(); ++i) {
    left[i] = static_cast<float>(i % 101) - 50.0F;
    right[i] = 1.0F / static_cast<float>(1 + i % 37);
  }
  device.multiply<float>(n, n, n, {left.data(), n}, {right.data(), n}, result.data(), n);
  return result;
}

}  // namespace

TEST_CASE("a scope tells the BLAS one thread and restores what it was") {
  omp_set_num_threads(3);
  // What the library would use now: of a BLAS that asks OpenMP, OpenMP's number.
  auto const threads = [] {
    auto const& way = detail::threads_of_blas();
    if (way.exchange == nullptr) { return 1; }
    int const now = way.exchange(1);
    way.exchange(now);
    return now;
  };
  int const before = threads();
  {
    serial_blas_scope const outer;
    CHECK(threads() == 1);
    {
      serial_blas_scope const inner;
      CHECK(threads() == 1);
    }
    CHECK(threads() == 1);
  }
  CHECK(threads() == before);
  CHECK(omp_get_max_threads() == 3);
}

TEST_CASE("a backend leaves the program's threads alone") {
  omp_set_num_threads(3);
  auto const before = host::products();
  host const device({.threads = 2});
  product(device);
  CHECK(omp_get_max_threads() == 3);
  CHECK(host::products() == before);
  int team = 0;
#pragma omp parallel
  {
#pragma omp single
    team = omp_get_num_threads();
  }
  CHECK(team == 3);
}

TEST_CASE("threads that share one number set it once, and leave what the program sets meanwhile") {
  static int number;
  static int changes;
  auto* const exchange = +[](int threads) {
    changes += number != threads;
    return std::exchange(number, threads);
  };
  detail::serial_process process;
  number = 4;
  changes = 0;
  process.enter(exchange);
  process.enter(exchange);
  CHECK(number == 1);
  process.leave(exchange);
  CHECK(number == 1);
  process.leave(exchange);
  CHECK(number == 4);
  CHECK(changes == 2);
  process.enter(exchange);
  number = 2;  // the program
  process.leave(exchange);
  CHECK(number == 2);
}

TEST_CASE("products on any thread start no others, and their bits do not depend on threads") {
  std::thread([] {}).join();  // ThreadSanitizer's runtime starts a thread of its own beside the first one
  host const one({.threads = 1});
  omp_set_num_threads(3);
  auto const expected = product(one);
  CHECK(omp_get_max_threads() == 3);
  for (int threads : {1, 2, 4}) {
    host const device({.threads = threads});
    auto const before = threads_now();
    CHECK(product(device) == expected);
    CHECK(threads_now() == before);
    // A thread of the program's own has OpenMP's number of threads anew.
    std::thread([&] {
      omp_set_num_threads(3);
      CHECK(product(device) == expected);
      CHECK(threads_now() == before + 1);
    }).join();
  }
}
