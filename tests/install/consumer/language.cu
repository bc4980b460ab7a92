// SPDX-License-Identifier: MIT
// The language that nvcc compiles the library with.
#include <slimfit/core/config.hpp>

#include <concepts>

static_assert(std::integral<slimfit::index_t>);
