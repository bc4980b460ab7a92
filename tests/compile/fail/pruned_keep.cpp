// SPDX-License-Identifier: MIT
// expect: slimfit: pruned<Keep>: Keep must be between 0 and 1, e.g. percent<10>
#include <slimfit/stash/pruned.hpp>

using namespace slimfit;

bool const dense = stash::pruned<int>::is_dense;
