// SPDX-License-Identifier: MIT
// What the host backend offloads goes to memory of its own: nothing is gained where both are the same, but what is
// kept on the tape, where and how long is what it is on a device.
#pragma once

#include <cstring>
#include <utility>

#include <slimfit/backend/host_memory.hpp>
#include <slimfit/memory/offload_store.hpp>

namespace slimfit {

class host_offload_store : public counted_offload_store {
 public:
  host_offload_store() = default;
  host_offload_store(host_offload_store const&) = delete;
  host_offload_store& operator=(host_offload_store const&) = delete;
  ~host_offload_store() { release(); }

  /// @throws memory_error
  index_t take(index_t bytes) {
    reserve(used() + bytes);
    return counted_offload_store::take(bytes);
  }
  /// Makes sure that there are `bytes` in all.
  /// @throws memory_error; usage_error where more would be needed while parts are in use
  void reserve(index_t bytes) {
    if (bytes <= capacity_) { return; }
    require_unused(bytes);
    release();
    memory_ = static_cast<std::byte*>(host_upstream{}.allocate(bytes));
    if (memory_ == nullptr) { report_no_memory(bytes); }
    capacity_ = bytes;
  }
  /// Where the memory lies, and its bytes: together they tell one from another that came in its place.
  [[nodiscard]] std::byte const* data() const { return memory_; }
  [[nodiscard]] index_t capacity() const { return capacity_; }

  /// Copies `bytes` at `source` to what was taken at `first`.
  void send(std::byte const* source, index_t first, index_t bytes, int /*place*/) {
    std::memcpy(memory_ + first, source, static_cast<std::size_t>(bytes));
  }
  /// Copies them to `target`.
  void fetch(std::byte* target, index_t first, index_t bytes, int /*place*/) {
    std::memcpy(target, memory_ + first, static_cast<std::size_t>(bytes));
  }

 private:
  void release() noexcept {
    if (memory_ != nullptr) { host_upstream{}.deallocate(std::exchange(memory_, nullptr), capacity_); }
    capacity_ = 0;
  }

  std::byte* memory_ = nullptr;
  index_t capacity_ = 0;
};

}  // namespace slimfit
