// SPDX-License-Identifier: MIT
// Training steps of two presets against their bare matrix products. On a busy machine set OMP_WAIT_POLICY=passive, or
// waiting counts as work.
#include "benchmark_policy.hpp"

SLIMFIT_BENCHMARK_POLICY(slimfit::policy::eager, 0);
SLIMFIT_BENCHMARK_POLICY(slimfit::policy::slim, 90);

BENCHMARK_MAIN();
