// SPDX-License-Identifier: MIT
// Runs the tests on every rank that a launcher has started, each with a device of its own; one rank without a launcher.
// Skipped, with the reason, where there are fewer devices than ranks on this machine.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include <cuda_runtime_api.h>
#include <slimfit/nccl/launched_rank.hpp>

int main(int argc, char** argv) {
  auto const self = slimfit::find_launched_rank();
  int devices = 0;
  auto const status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess || devices <= self.local) {
    constexpr int skipped = 77;
    std::printf("skipped: rank %d has no CUDA device of its own (%s, %d devices)\n", self.rank,
                cudaGetErrorString(status), devices);
    return skipped;
  }
  (void)cudaSetDevice(self.local);
  int const failed = doctest::Context(argc, argv).run();
  (void)cudaDeviceReset();
  return failed;
}
