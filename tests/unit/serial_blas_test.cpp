// SPDX-License-Identifier: MIT
// Products start no threads beside those of the backend, whatever OpenMP was told, and leave OpenMP as it was.
#include <doctest/doctest.h>
#include <omp.h>

#include <filesystem>
#include <slimfit/backend/host.hpp>
#include <thread>
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

TEST_CASE("a scope tells OpenMP one thread and restores what it was") {
  omp_set_num_threads(3);
  {
    serial_blas_scope const outer;
    CHECK(omp_get_max_threads() == 1);
    {
      serial_blas_scope const inner;
      CHECK(omp_get_max_threads() == 1);
    }
    CHECK(omp_get_max_threads() == 1);
  }
  CHECK(omp_get_max_threads() == 3);
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
