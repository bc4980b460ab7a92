// SPDX-License-Identifier: MIT
// expect: slimfit: benchmarks::stash<Stash>: Stash must be one of a matrix, of GELU or of layer normalisation, e.g. stash::quantized<format::affine<4>> or stash::gelu_derivative<...>
#include <slimfit/benchmark.hpp>

bool const is_matrix = slimfit::benchmarks::detail::checked_stash<slimfit::stash::none>::is_matrix;
