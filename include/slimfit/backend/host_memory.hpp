// SPDX-License-Identifier: MIT
// Host memory for the accounted resource: blocks aligned to a cache line, returned to the system when freed.
#pragma once

#include <cstdlib>

#include <slimfit/memory/program_memory.hpp>
#include <slimfit/memory/resource.hpp>

namespace slimfit {

struct host_upstream {
  program_memory source{};

  void* allocate(index_t bytes) const noexcept {
    index_t const whole = round_up(bytes, 64);
    return source.is_given() ? source.allocate(source.state, whole)
                             : std::aligned_alloc(64, static_cast<std::size_t>(whole));
  }
  void deallocate(void* memory, index_t bytes) const noexcept {
    if (!source.is_given()) {
      std::free(memory);
    } else if (memory != nullptr) {
      source.deallocate(source.state, memory, round_up(bytes, 64));
    }
  }
};

using host_resource = accounted_resource<host_upstream>;

}  // namespace slimfit
