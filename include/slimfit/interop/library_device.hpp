// SPDX-License-Identifier: MIT
// The backends that a library with a C interface runs on. A library has one of them for each stream, made when it is
// first used, with what the program gave it: products, memory.
#pragma once

#include <slimfit/interop/layer.h>
#include <slimfit/core/error.hpp>
#include <slimfit/memory/program_memory.hpp>

namespace slimfit::interop {

/// The backends of a library. Calls run one after the other. Has `name`, `workspace_bytes` (what it holds on a stream
/// from the first pass there on), `instance()`, `run(pass, body)`, which calls `body(device)`,
/// `use_products(sgemm, dgemm)`, `use_memory(memory)` and `release()`. @tparam Device a backend
template <class Device>
class library_device;

/// What slimfit_use_memory is given. @throws value_error where only one function is
inline program_memory memory_by(void* (*allocate)(void* state, int64_t bytes),
                                void (*deallocate)(void* state, void* memory, int64_t bytes), void* state) {
  if ((allocate == nullptr) != (deallocate == nullptr)) {
    throw value_error("slimfit: layer library: slimfit_use_memory got one function, expected both or none");
  }
  return {state, allocate, deallocate};
}

}  // namespace slimfit::interop
