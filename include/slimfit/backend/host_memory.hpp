// SPDX-License-Identifier: MIT
// Host memory for the accounted resource: blocks aligned to a cache line, returned to the system when freed.
#pragma once

#include <cstdlib>

#include <slimfit/memory/resource.hpp>

namespace slimfit {

struct host_upstream {
  static void* allocate(index_t bytes) noexcept {
    return std::aligned_alloc(64, static_cast<std::size_t>(round_up(bytes, 64)));
  }
  static void deallocate(void* memory, index_t /*bytes*/) noexcept { std::free(memory); }
};

using host_resource = accounted_resource<host_upstream>;

}  // namespace slimfit
