// SPDX-License-Identifier: MIT
// expect: slimfit: chunk::tokens<Tokens>: Tokens must be positive
#include <slimfit/policy/chunk.hpp>

slimfit::index_t const sequences = slimfit::chunk::tokens<0>::sequences(4, 16, 64);
