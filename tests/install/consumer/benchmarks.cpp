// SPDX-License-Identifier: MIT
// Benchmarks of somebody else's: a format, on the host.
#include <slimfit/benchmark.hpp>

int main(int argc, char** argv) {
  slimfit::benchmarks::format<slimfit::format::affine<4>>("affine<4>", {.sequences = 1});
  return slimfit::benchmarks::run(argc, argv);
}
