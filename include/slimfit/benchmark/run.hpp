// SPDX-License-Identifier: MIT
// The main function of a program of benchmarks.
#pragma once

#include <slimfit/benchmark/timing.hpp>

namespace slimfit::benchmarks {

/// Runs what was registered, with Google Benchmark's options (`--benchmark_filter=REGEX`, `--benchmark_out=FILE`).
/// @return what `main` returns
inline int run(int argc, char** argv) {
  ::benchmark::Initialize(&argc, argv);
  if (::benchmark::ReportUnrecognizedArguments(argc, argv)) { return 1; }
  ::benchmark::RunSpecifiedBenchmarks();
  ::benchmark::Shutdown();
  return 0;
}

}  // namespace slimfit::benchmarks
