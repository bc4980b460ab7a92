// SPDX-License-Identifier: MIT
// One block of memory with two stacks. The tape grows from its low end: forward keeps, backward releases in reverse.
// Scratch grows from its high end and is freed by scope. Nothing fragments, so the block's size is exactly the largest
// sum of both, which a plan knows beforehand.
#pragma once

#include <algorithm>
#include <limits>

#include <slimfit/core/error.hpp>
#include <slimfit/memory/ledger.hpp>

namespace slimfit {

/// Typed bytes on the tape. Plain data: `arena::release` frees it, newest first.
template <class T>
struct kept_array {
  T* data = nullptr;
  index_t count = 0;
  category purpose = category::static_activations;
};

class arena {
 public:
  /// Every allocation starts at a multiple of this and is counted with its padding.
  static constexpr index_t alignment = 64;

  /// An arena over `capacity` bytes at `block`; without a block it only counts, which is how plans are made.
  constexpr explicit arena(ledger& book, std::byte* block = nullptr,
                           index_t capacity = std::numeric_limits<index_t>::max())
      : book_(&book), block_(block), capacity_(capacity) {}
  arena(arena const&) = delete;
  arena& operator=(arena const&) = delete;
  /// Takes what is still on the tape off the ledger: after an exception, or a forward pass without a backward.
  constexpr ~arena() {
    if (low_ == 0 && high_ == 0) { return; }
    for (int i = 0; i < category_count; ++i) {
      auto const which = static_cast<category>(i);
      book_->remove(which, held_[which]);
    }
  }

  /// Pushes `count` elements on the tape.
  /// @throws memory_error when the block is full.
  template <class T>
  constexpr kept_array<T> keep(index_t count, category purpose) {
    index_t const bytes = padded(count * static_cast<index_t>(sizeof(T)));
    check(bytes);
    T* const data = at<T>(low_);
    low_ += bytes;
    account(bytes, purpose);
    return {data, count, purpose};
  }

  /// Pops `kept`, which must be the newest on the tape.
  /// @throws usage_error when it is not: a layer released its stash in another order than it kept it.
  template <class T>
  constexpr void release(kept_array<T> const& kept) {
    index_t const bytes = padded(kept.count * static_cast<index_t>(sizeof(T)));
    if (bytes > low_ || (block_ != nullptr && kept.data != at<T>(low_ - bytes))) {
      throw usage_error("slimfit: a stash was released that is not the newest on the tape; release in reverse order");
    }
    low_ -= bytes;
    held_[kept.purpose] -= bytes;
    book_->remove(kept.purpose, bytes);
  }

  /// Scratch memory; `scratch_buffer` frees it.
  template <class T>
  constexpr T* push_scratch(index_t count, category purpose) {
    index_t const bytes = padded(count * static_cast<index_t>(sizeof(T)));
    check(bytes);
    high_ += bytes;
    account(bytes, purpose);
    return at<T>(capacity_ - high_);
  }
  constexpr void pop_scratch(index_t bytes, category purpose) {
    high_ -= bytes;
    held_[purpose] -= bytes;
    book_->remove(purpose, bytes);
  }

  [[nodiscard]] constexpr index_t tape_bytes() const { return low_; }
  /// Most bytes that were in use at once.
  [[nodiscard]] constexpr index_t high_water() const { return high_water_; }
  [[nodiscard]] constexpr index_t capacity() const { return capacity_; }
  /// Where its ledger's changes are recorded, or null.
  [[nodiscard]] constexpr memory_record* record() const { return book_->record(); }
  [[nodiscard]] static constexpr index_t padded(index_t bytes) { return round_up(bytes, alignment); }

 private:
  template <class T>
  constexpr T* at(index_t offset) const {
    if (block_ == nullptr) { return nullptr; }
    return reinterpret_cast<T*>(block_ + offset);
  }
  constexpr void check(index_t bytes) const {
    if (bytes > capacity_ - low_ - high_) {
      throw memory_error(mismatch("activation arena: free bytes", capacity_ - low_ - high_,
                                  "at least " + std::to_string(bytes) + " (plan and run disagree)"));
    }
  }
  constexpr void account(index_t bytes, category purpose) {
    if (bytes == 0) { return; }
    high_water_ = std::max(high_water_, low_ + high_);
    held_[purpose] += bytes;
    book_->add(purpose, bytes);
  }

  ledger* book_;
  std::byte* block_;
  index_t capacity_;
  index_t low_ = 0;
  index_t high_ = 0;
  index_t high_water_ = 0;
  byte_counts held_;
};

/// Scratch memory of an arena, freed at the end of its scope. Buffers must end in reverse order of their creation.
template <class T>
class scratch_buffer {
 public:
  constexpr scratch_buffer(arena& memory, index_t count, category purpose = category::workspace)
      : memory_(&memory),
        bytes_(arena::padded(count * static_cast<index_t>(sizeof(T)))),
        purpose_(purpose),
        data_(memory.push_scratch<T>(count, purpose)) {}
  scratch_buffer(scratch_buffer const&) = delete;
  scratch_buffer& operator=(scratch_buffer const&) = delete;
  constexpr ~scratch_buffer() { memory_->pop_scratch(bytes_, purpose_); }

  [[nodiscard]] constexpr T* data() const { return data_; }

 private:
  arena* memory_;
  index_t bytes_;
  category purpose_;
  T* data_;
};

}  // namespace slimfit
