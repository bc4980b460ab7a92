// SPDX-License-Identifier: MIT
// expect: slimfit: gelu_derivative<Codebook>: Codebook must be a storage format, e.g. format::gelu_derivative_codebook<4>
#include <slimfit/stash/activation_stash.hpp>

using namespace slimfit;

bool const dense = stash::gelu_derivative<int>::is_dense;
