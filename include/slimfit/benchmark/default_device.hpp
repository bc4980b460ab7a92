// SPDX-License-Identifier: MIT
// Where benchmarks run when nobody says: on the host, if it is there.
#pragma once

#if defined(SLIMFIT_NO_HOST)
#include <slimfit/benchmark/cuda_timing.cuh>
#else
#include <slimfit/benchmark/host_timing.hpp>
#endif

namespace slimfit::benchmarks {

#if defined(SLIMFIT_NO_HOST)
using default_device = cuda;
#else
using default_device = host;
#endif

}  // namespace slimfit::benchmarks
