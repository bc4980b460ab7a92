// SPDX-License-Identifier: MIT
// The CUDA backend with everything that runs on it; needs nvcc. Include it beside slimfit.hpp, which does so by itself
// where nvcc compiles.
#pragma once

#include <slimfit/backend/cuda.cuh>
#include <slimfit/kernels/cuda/attention_engine.cuh>
