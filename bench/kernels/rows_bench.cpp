// SPDX-License-Identifier: MIT
// Bandwidth of every row kernel on one core.
#include <slimfit/benchmark.hpp>

#include "../cases/gelu_cases.hpp"
#include "../cases/layer_norm_cases.hpp"
#include "../cases/rows_cases.hpp"
#include "../cases/stash_cases.hpp"

int main(int argc, char** argv) {
  using namespace slimfit;
  constexpr bench::host_cases cases;
  benchmarks::copy("memcpy/256 MiB");
  bench::add_layer_norm_cases(cases);
  bench::add_gelu_cases(cases);
  bench::add_save_cases<768>(cases);
  bench::add_save_cases<3072>(cases);
  bench::add_restore_cases<768>(cases);
  bench::add_restore_cases<3072>(cases);
  bench::add_rows_cases(cases);
  return benchmarks::run(argc, argv);
}
