// SPDX-License-Identifier: MIT
// Bandwidth of the optimizers on one core. AdamW in float moves 28 bytes an element: four reads and three writes.
#include <slimfit/benchmark.hpp>

#include "../cases/optimizer_cases.hpp"

int main(int argc, char** argv) {
  slimfit::bench::add_optimizer_cases(slimfit::bench::host_cases{});
  return slimfit::benchmarks::run(argc, argv);
}
