// SPDX-License-Identifier: MIT
// Memory outside a device for what waits there to be needed again. Parts of it are taken for the time of a step and
// given back newest first. Backends derive the copies to it and back, which they may run beside the work on their
// stream.
#pragma once

#include <utility>

#include <slimfit/core/error.hpp>
#include <slimfit/memory/ledger.hpp>

namespace slimfit {

/// Copies to and from a place on the device are numbered by it: places 0 and 1, filled in turns.
inline constexpr int offload_places = 2;

/// Counts what is taken: the store of backends that run nothing, and the base of the others'.
class counted_offload_store {
 public:
  /// Takes `bytes`. @return where they begin
  constexpr index_t take(index_t bytes) {
    index_t const first = used_;
    used_ += bytes;
    return first;
  }
  constexpr void give_back(index_t bytes) { used_ -= bytes; }

  constexpr void reserve(index_t /*bytes*/) {}
  constexpr void send(std::byte const* /*source*/, index_t /*first*/, index_t /*bytes*/, int /*place*/) {}
  constexpr void fetch(std::byte* /*target*/, index_t /*first*/, index_t /*bytes*/, int /*place*/) {}
  constexpr void wait(int /*place*/) {}

 protected:
  [[nodiscard]] constexpr index_t used() const { return used_; }
  void require_unused(index_t bytes) const {
    if (used_ > 0) {
      detail::raise<usage_error>({"slimfit: offload store: ", bytes, " bytes are needed while ", used_,
                                  " are in use, expected reserve() for both before the first"});
    }
  }
  [[noreturn]] static void report_no_memory(index_t bytes) {
    detail::raise<memory_error>({"slimfit: out of host memory: ", bytes, " bytes for offloaded stashes"});
  }

 private:
  index_t used_ = 0;
};

/// A part of a store, taken as long as it lives.
class offload_part {
 public:
  constexpr offload_part() = default;
  /// @throws memory_error
  template <class Store>
  constexpr offload_part(Store& store, ledger& book, index_t bytes)
      : first_(store.take(bytes)), bytes_(bytes), store_(&store), book_(&book) {
    book.offload(bytes);
  }
  constexpr offload_part(offload_part&& other) noexcept { swap(other); }
  constexpr offload_part& operator=(offload_part&& other) noexcept {
    swap(other);
    return *this;
  }
  constexpr ~offload_part() {
    if (store_ == nullptr) { return; }
    store_->give_back(bytes_);
    book_->offload(-bytes_);
  }

  /// Byte of the store at which the part begins.
  [[nodiscard]] constexpr index_t first() const { return first_; }

 private:
  constexpr void swap(offload_part& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(bytes_, other.bytes_);
    std::swap(store_, other.store_);
    std::swap(book_, other.book_);
  }

  index_t first_ = 0;
  index_t bytes_ = 0;
  counted_offload_store* store_ = nullptr;
  ledger* book_ = nullptr;
};

}  // namespace slimfit
