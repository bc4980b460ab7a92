// SPDX-License-Identifier: MIT
// Runs the tests on every rank of an MPI job. Tests go the same way on all of them, so one that fails on one rank only
// would leave the others waiting: then the time limit ends them.
#define DOCTEST_CONFIG_IMPLEMENT
#include "common.hpp"

namespace slimfit::testing {
namespace {
mpi<>* ranks = nullptr;
}  // namespace
template <>
mpi<>& all_ranks<summation::library>() {
  return *ranks;
}
}  // namespace slimfit::testing

int main(int count, char** words) {
  slimfit::mpi<> ranks({.time_limit = 60});
  slimfit::testing::ranks = &ranks;
  doctest::Context tests(count, words);
  return tests.run();
}
