// SPDX-License-Identifier: MIT
// expect: slimfit: chunk::tokens<Tokens>: Tokens must be positive
#include <slimfit/policy/chunk.hpp>

slimfit::index_t const rows = slimfit::chunk::tokens<0>::rows(64, 64, 0);
