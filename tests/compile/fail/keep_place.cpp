// SPDX-License-Identifier: MIT
// expect: slimfit: context::keep: this stash rounds at random: pass the matrix_place of what it keeps behind the matrix, e.g. matrix_place{weight.position, layer_matrix::input}
#include <slimfit/format.hpp>
#include <slimfit/pass/counting_context.hpp>

using namespace slimfit;

using codes = stash::layer_norm_normalized<stash::pruned<percent<10>, format::symmetric<8, 64, format::stochastic>>>;

auto keep(counting_context& run) { return run.keep<codes, float, 64>(4, {.name = "rows"}); }
