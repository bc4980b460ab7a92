// SPDX-License-Identifier: MIT
// expect: slimfit: memory_of: the resource must have allocate(bytes, alignment) and deallocate(pointer, bytes, alignment), e.g. a std::pmr::memory_resource
#include <slimfit/memory/program_memory.hpp>

using namespace slimfit;

struct resource {
  void* allocate(std::size_t bytes, std::size_t alignment);
};
resource without_deallocate;
auto const memory = memory_of(without_deallocate);
