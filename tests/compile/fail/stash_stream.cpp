// SPDX-License-Identifier: MIT
// expect: slimfit: this stash rounds at random, so whoever makes room for it must say by what numbers: pass a random_stream as keep's last argument; in a layer, keep by context::keep with a matrix_place
#include <slimfit/format.hpp>
#include <slimfit/stash.hpp>

using namespace slimfit;

using codes = stash::quantized<format::affine<4, 64, format::stochastic>>;

auto keep(arena& memory) { return codes::keep<float, 64>(memory, 4, category::data, unit_state::active); }
