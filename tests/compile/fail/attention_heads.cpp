// SPDX-License-Identifier: MIT
// expect: slimfit: attention<Hidden, Heads, ...>: Hidden must be a multiple of Heads
#include <slimfit/layers/attention.hpp>

using namespace slimfit;

int const size = attention<30, 4, attention_policy::tiled<stash::dense>, float>::head_size;
