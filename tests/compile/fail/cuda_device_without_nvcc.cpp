// SPDX-License-Identifier: MIT
// expect: slimfit: cuda needs nvcc: compile this file as CUDA (name it .cu, or set its LANGUAGE to CUDA in CMake)
#include <slimfit/slimfit.hpp>

void train() { slimfit::cuda device{}; }
