// SPDX-License-Identifier: MIT
// expect: slimfit: benchmarks::stash<Stash>: by_state keeps one form or the other; benchmark each form by itself
#include <slimfit/benchmark.hpp>

using namespace slimfit;

using both = stash::by_state<stash::dense, stash::none>;
bool const is_matrix = benchmarks::detail::checked_stash<both>::is_matrix;
