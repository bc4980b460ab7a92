// SPDX-License-Identifier: MIT
// expect: slimfit: pruned<Keep, Format, Scope>: Scope must be stash::per_row or stash::per_tensor
#include <slimfit/stash/pruned.hpp>

using namespace slimfit;

bool const dense = stash::pruned<percent<10>, format::full, percent<50>>::is_dense;
