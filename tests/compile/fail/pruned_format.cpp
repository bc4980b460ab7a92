// SPDX-License-Identifier: MIT
// expect: slimfit: pruned<Keep, Format>: Format must be format::full or a storage format, e.g. format::symmetric<8>
#include <slimfit/stash/pruned.hpp>

using namespace slimfit;

bool const dense = stash::pruned<percent<10>, float>::is_dense;
