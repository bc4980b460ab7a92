// SPDX-License-Identifier: MIT
// Benchmarks of one's own formats, stashes, kernels, layers and training steps, a line each, under Google Benchmark,
// which the program must have and link (`benchmark::benchmark`); the rest of the library does not need it.
#pragma once

#include <slimfit/benchmark/timing.hpp>
#include <slimfit/slimfit.hpp>

#if !defined(SLIMFIT_NO_HOST)
#include <slimfit/benchmark/host_timing.hpp>
#endif
#if defined(__CUDACC__)
#include <slimfit/benchmark/cuda_timing.cuh>
#endif

#include <slimfit/benchmark/default_device.hpp>
#include <slimfit/benchmark/kernel.hpp>
#include <slimfit/benchmark/layer.hpp>
#include <slimfit/benchmark/normal_numbers.hpp>
#include <slimfit/benchmark/random_batch.hpp>
#include <slimfit/benchmark/run.hpp>
#include <slimfit/benchmark/stash.hpp>
#include <slimfit/benchmark/stash_kernels.hpp>
#include <slimfit/benchmark/step.hpp>
#include <slimfit/benchmark/traffic.hpp>
#include <slimfit/benchmark/workspace.hpp>
