// SPDX-License-Identifier: MIT
// expect: slimfit: a stash of a stash must be a matrix stash, e.g. dense, none, quantized<Format> or pruned<percent<10>>; see stash/matrix_stash.hpp for what a type of your own needs
#include <slimfit/format.hpp>
#include <slimfit/stash/activation_stash.hpp>

using namespace slimfit;

// A format is no stash: quantized<Format> is.
bool const dense = stash::gelu_input<format::affine<4>>::is_dense;
