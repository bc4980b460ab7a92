// SPDX-License-Identifier: MIT
// expect: slimfit: pruned<Keep, Format, per_tensor>: Format must be format::full: rows keep different numbers of values, which formats that code whole rows cannot
#include <slimfit/format.hpp>
#include <slimfit/stash/pruned.hpp>

using namespace slimfit;

bool const dense = stash::pruned<percent<10>, format::symmetric<8>, stash::per_tensor>::is_dense;
