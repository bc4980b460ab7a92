// SPDX-License-Identifier: MIT
// expect: slimfit: quantized<Format>: Format must be a storage format, e.g. format::affine<4> or format::fixed_point<3, 4>; see format/storage_format.hpp for what a format of your own needs
#include <slimfit/stash/quantized.hpp>

using namespace slimfit;

bool const dense = stash::quantized<float>::is_dense;
