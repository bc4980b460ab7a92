// SPDX-License-Identifier: MIT
// expect: slimfit: attention::keep: the operands are rounded at random: pass the matrix_places of queries, keys and values behind the batch
#include <slimfit/format.hpp>
#include <slimfit/layers/attention.hpp>
#include <slimfit/pass/counting_context.hpp>

using namespace slimfit;

using codes = stash::quantized<format::symmetric<8, 64, format::stochastic>>;
using layer = attention<64, 2, attention_policy::tiled<codes>, float>;

auto keep(counting_context& run) { return layer::keep(run, {2, 8}); }
