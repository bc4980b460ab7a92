// SPDX-License-Identifier: MIT
// expect: slimfit: by_state<Active, Frozen>: both must be stash types, e.g. by_state<stash::dense, stash::none>
#include <slimfit/stash/by_state.hpp>

using namespace slimfit;

bool const dense = stash::by_state<stash::dense, void>::is_dense;
