// SPDX-License-Identifier: MIT
// The main function of tests on CUDA: where there is no device they are skipped, with the reason.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include <cuda_runtime_api.h>

int main(int argc, char** argv) {
  int devices = 0;
  auto const status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess || devices == 0) {
    constexpr int skipped = 77;
    std::printf("skipped: no CUDA device (%s)\n", cudaGetErrorString(status));
    return skipped;
  }
  int const failed = doctest::Context(argc, argv).run();
  (void)cudaDeviceReset();
  return failed;
}
