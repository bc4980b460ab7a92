// SPDX-License-Identifier: MIT
// A program's own allocator as the source of a backend's memory: a memory resource of std::pmr or Thrust, or two
// functions.
#pragma once

#include <cstddef>
#include <exception>
#include <utility>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Two functions and what they are given. Null functions: the backend's usual source.
struct program_memory {
  void* state = nullptr;
  /// Memory of at least `bytes` bytes, aligned to 256; null when there is none. May not throw.
  void* (*allocate)(void* state, index_t bytes) = nullptr;
  void (*deallocate)(void* state, void* memory, index_t bytes) = nullptr;

  [[nodiscard]] constexpr bool is_given() const { return allocate != nullptr; }
};

namespace detail {
/// The address in a resource's pointer: of its own type in Thrust.
template <class Pointer>
void* address_of(Pointer const& pointer) {
  if constexpr (requires { static_cast<void*>(pointer.get()); }) {
    return static_cast<void*>(pointer.get());
  } else {
    return pointer;
  }
}
template <class Resource>
using pointer_of = decltype(std::declval<Resource&>().allocate(std::size_t{}, std::size_t{1}));
}  // namespace detail

/// What takes memory from `resource`, which must outlive the backend and give memory of the backend's kind.
/// @tparam Resource has `allocate(bytes, alignment)` and `deallocate(pointer, bytes, alignment)`, as
///                  std::pmr::memory_resource and thrust::mr::memory_resource do. Any exception of the former counts as
///                  no memory
template <class Resource>
[[nodiscard]] program_memory memory_of(Resource& resource) {
  static_assert(
      requires(void* memory) {
        detail::address_of(resource.allocate(std::size_t{}, std::size_t{1}));
        resource.deallocate(detail::pointer_of<Resource>(memory), std::size_t{}, std::size_t{1});
      },
      "slimfit: memory_of: the resource must have allocate(bytes, alignment) and deallocate(pointer, bytes, "
      "alignment), e.g. a std::pmr::memory_resource");
  static constexpr std::size_t alignment = 256;
  return {&resource,
          [](void* state, index_t bytes) -> void* {
            try {
              return detail::address_of(
                  static_cast<Resource*>(state)->allocate(static_cast<std::size_t>(bytes), alignment));
            } catch (std::exception const&) { return nullptr; }
          },
          [](void* state, void* memory, index_t bytes) {
            static_cast<Resource*>(state)->deallocate(detail::pointer_of<Resource>(memory),
                                                      static_cast<std::size_t>(bytes), alignment);
          }};
}

}  // namespace slimfit
