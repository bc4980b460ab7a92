// SPDX-License-Identifier: MIT
// What programs make of being started by mpirun when they were built without MPI.
#include <doctest/doctest.h>

#include <cstdlib>

#include "examples/programs/support/command_ranks.cpp"

namespace ex = examples;

TEST_CASE("a program without MPI does not train alone beside others that do the same") {
  REQUIRE(setenv("OMPI_COMM_WORLD_SIZE", "4", 1) == 0);
  REQUIRE(setenv("OMPI_COMM_WORLD_RANK", "3", 1) == 0);
  REQUIRE(setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "2", 1) == 0);
  CHECK(ex::launched().size == 4);
  CHECK(ex::launched().rank == 3);
  CHECK_THROWS_WITH_AS(ex::command_ranks(), doctest::Contains("is 4, expected 1: this program was built without MPI"),
                       slimfit::value_error);
  CHECK(ex::threads_of_rank(5) == 5);
  auto const machine = static_cast<int>(std::thread::hardware_concurrency());
  CHECK(ex::threads_of_rank(0) == std::max(1, machine / 2));
}
