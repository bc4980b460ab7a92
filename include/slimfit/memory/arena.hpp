// SPDX-License-Identifier: MIT
// One block of memory with two stacks. The tape grows from its low end: forward keeps, backward releases in reverse.
// Scratch grows from its high end and is freed by scope. Nothing fragments, so the block's size is exactly the largest
// sum of both, which a plan knows beforehand. What is pushed to last leaves gaps only where scratch above it ends
// first.
// The two may also lie in two memories: where another framework keeps what a forward pass left, it keeps the tape
// alone.
#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <type_traits>

#include <slimfit/core/error.hpp>
#include <slimfit/memory/kept_array.hpp>
#include <slimfit/memory/ledger.hpp>

namespace slimfit {

class arena {
 public:
  /// Every allocation starts at a multiple of this and is counted with its padding.
  static constexpr index_t alignment = 64;

  /// An arena over `capacity` bytes at `block`; without a block it only counts, which is how plans are made.
  constexpr explicit arena(ledger& book, std::byte* block = nullptr,
                           index_t capacity = std::numeric_limits<index_t>::max())
      : book_(&book), block_(block), capacity_(capacity), scratch_end_(advance(block, capacity)) {}
  /// An arena whose tape has a memory of its own. There is no scratch memory before `give_scratch`: until then scratch
  /// takes none, is not counted, and its addresses are null, which is for code on the counting backend.
  /// @throws value_error unless the memory begins at a multiple of the alignment
  constexpr arena(ledger& book, std::span<std::byte> tape)
      : book_(&book),
        block_(tape.data()),
        capacity_(std::ssize(tape)),
        scratch_capacity_(std::numeric_limits<index_t>::max()),
        memories_(memories::tape) {
    check_alignment("arena: address of the tape's memory, modulo 64,", tape.data());
  }
  constexpr arena(ledger& book, std::span<std::byte> tape, std::span<std::byte> scratch) : arena(book, tape) {
    give_scratch(scratch);
  }
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
    index_t const bytes = bytes_of<T>(count);
    return {at<T>(push(bytes, purpose)), bytes, purpose};
  }

  /// Pops `kept`, which must be the newest on the tape.
  /// @throws usage_error when it is not: a layer released its stash in another order than it kept it.
  template <class T>
  constexpr void release(kept_array<T> const& kept) {
    index_t const bytes = kept.bytes();
    if (bytes > low_ - (window_ != nullptr ? window_->first : 0) ||
        (block_ != nullptr && kept.data != at<T>(low_ - bytes))) {
      detail::raise<usage_error>(
          "slimfit: a stash was released that is not the newest on the tape; release in reverse order");
    }
    pop(bytes, kept.purpose());
  }

  // The three below call no templates of the class: clang 14 takes what they instantiate for undefined in plans.

  /// Pushes a slot of `bytes`, a multiple of the alignment, which count as used until `release_slot`.
  /// @throws memory_error when the block is full.
  constexpr tape_slot keep_slot(index_t bytes, category purpose) { return {push(bytes, purpose), bytes}; }
  /// Pops a slot. @throws usage_error when it is not the newest on the tape
  constexpr void release_slot(tape_slot slot, category purpose) {
    if (slot.first + slot.bytes != low_) {
      detail::raise<usage_error>(
          "slimfit: a slot was released that is not the newest on the tape; release in reverse order");
    }
    pop(slot.bytes, purpose);
  }
  /// Null in an arena that only counts.
  [[nodiscard]] constexpr std::byte* address(tape_slot slot) const {
    return block_ == nullptr ? nullptr : block_ + slot.first;
  }

  /// Gives an arena that has a tape alone its scratch memory, of which multiples of the alignment are used.
  /// @throws usage_error where it has scratch memory or scratch is in use; value_error unless the memory begins at a
  /// multiple of the alignment
  constexpr void give_scratch(std::span<std::byte> scratch) {
    if (memories_ != memories::tape || high_ != 0) {
      detail::raise<usage_error>("arena", "give_scratch: there is scratch memory already, or scratch is in use");
    }
    check_alignment("arena: address of scratch memory, modulo 64,", scratch.data());
    scratch_capacity_ = std::ssize(scratch) / alignment * alignment;
    scratch_end_ = advance(scratch.data(), scratch_capacity_);
    memories_ = memories::two;
  }

  /// Scratch memory; `scratch_buffer` frees it.
  template <class T>
  constexpr T* push_scratch(index_t count, category purpose) {
    index_t const bytes = bytes_of<T>(count);
    check(bytes, memories_ == memories::one ? free_bytes() : scratch_capacity_ - high_);
    high_ += bytes;
    if (memories_ != memories::tape) { account(bytes, purpose); }
    return scratch_end_ == nullptr ? nullptr : reinterpret_cast<T*>(scratch_end_ - high_);
  }
  constexpr void pop_scratch(index_t bytes, category purpose) {
    if (high_ - bytes >= lasting_) { high_ -= bytes; }
    if (memories_ != memories::tape) { discount(bytes, purpose); }
  }
  /// Memory at the scratch's end that lasts until the arena ends. Scratch that is there already leaves its place unused
  /// when it ends before that.
  template <class T>
  constexpr T* push_lasting(index_t count, category purpose) {
    T* const data = push_scratch<T>(count, purpose);
    lasting_ = high_;
    return data;
  }

  [[nodiscard]] constexpr index_t tape_bytes() const { return tape_end(); }
  /// Bytes of both stacks together, gaps included.
  [[nodiscard]] constexpr index_t used_bytes() const { return tape_end() + high_; }
  /// Most bytes that were in use at once.
  [[nodiscard]] constexpr index_t high_water() const { return high_water_; }
  /// Most bytes that scratch took at once, and the tape: what two memories must have.
  [[nodiscard]] constexpr index_t scratch_high_water() const { return scratch_high_water_; }
  [[nodiscard]] constexpr index_t tape_high_water() const { return tape_high_water_; }
  /// Whether scratch takes memory, or is counted.
  [[nodiscard]] constexpr bool has_scratch() const { return memories_ != memories::tape; }
  /// Bytes of the block, or of the tape's memory.
  [[nodiscard]] constexpr index_t capacity() const { return capacity_; }
  [[nodiscard]] constexpr ledger& book() const { return *book_; }
  /// Where its ledger's changes are recorded, or null.
  [[nodiscard]] constexpr memory_observer* record() const { return book_->record(); }
  [[nodiscard]] static constexpr index_t padded(index_t bytes) { return round_up(bytes, alignment); }
  /// Of `count` elements, with their padding. @throws value_error for a count that is negative or no memory has
  template <class T>
  [[nodiscard]] static constexpr index_t bytes_of(index_t count) {
    constexpr index_t most = std::numeric_limits<index_t>::max() / static_cast<index_t>(sizeof(T)) - alignment;
    if (count < 0 || count > most) {
      raise_mismatch<value_error>("arena: elements", count, {"at least 0 and at most ", most});
    }
    return padded(count * static_cast<index_t>(sizeof(T)));
  }

 private:
  friend class tape_window;

  template <class T>
  constexpr T* at(index_t offset) const {
    if (block_ == nullptr) { return nullptr; }
    return reinterpret_cast<T*>(block_ + offset);
  }
  /// @return where the bytes begin
  constexpr index_t push(index_t bytes, category purpose) {
    check(bytes, window_ != nullptr ? window_->first + window_->bytes - low_ : free_bytes());
    index_t const first = low_;
    low_ += bytes;
    if (window_ == nullptr) { account(bytes, purpose); }
    return first;
  }
  constexpr void pop(index_t bytes, category purpose) {
    low_ -= bytes;
    if (window_ == nullptr) { discount(bytes, purpose); }
  }
  /// Where the tape ends, whatever part of it is open.
  [[nodiscard]] constexpr index_t tape_end() const { return window_ != nullptr ? behind_window_ : low_; }
  [[nodiscard]] constexpr index_t free_bytes() const {
    return capacity_ - tape_end() - (memories_ == memories::one ? high_ : 0);
  }
  static constexpr void check_alignment(char const* name, std::byte const* memory) {
    if (std::is_constant_evaluated()) { return; }
    require_equal<value_error>(name, static_cast<index_t>(reinterpret_cast<std::uintptr_t>(memory) % alignment),
                               index_t{0});
  }
  [[noreturn]] SLIMFIT_COLD static void report_full(index_t bytes, index_t free) {
    raise_mismatch<memory_error>("activation arena: free bytes", free,
                                 {"at least ", bytes, " (plan and run disagree)"});
  }
  static constexpr void check(index_t bytes, index_t free) {
    if (bytes > free) { report_full(bytes, free); }
  }
  constexpr void account(index_t bytes, category purpose) {
    if (bytes == 0) { return; }
    // As in the ledger, few steps.
    index_t const tape = tape_end();
    if (tape + high_ > high_water_) { high_water_ = tape + high_; }
    if (tape > tape_high_water_) { tape_high_water_ = tape; }
    if (high_ > scratch_high_water_) { scratch_high_water_ = high_; }
    held_[purpose] += bytes;
    book_->add(purpose, bytes);
  }
  constexpr void discount(index_t bytes, category purpose) {
    held_[purpose] -= bytes;
    book_->remove(purpose, bytes);
  }

  /// Where tape and scratch lie: in one block, in two memories, or the tape in one and scratch nowhere yet.
  enum class memories : unsigned char { one, two, tape };

  ledger* book_;
  std::byte* block_;
  index_t capacity_;
  std::byte* scratch_end_ = nullptr;
  index_t scratch_capacity_ = 0;  ///< in a memory of its own
  memories memories_ = memories::one;
  index_t low_ = 0;
  index_t high_ = 0;
  index_t lasting_ = 0;  ///< bytes of the high end down to the last that last
  index_t high_water_ = 0;
  index_t tape_high_water_ = 0;
  index_t scratch_high_water_ = 0;
  byte_counts held_;
  tape_slot const* window_ = nullptr;
  index_t behind_window_ = 0;  ///< where the tape ends while a window is open
};

/// While it lives, the tape is what lies in a slot, whose bytes are counted already. Windows do not nest.
class tape_window {
 public:
  /// @param used bytes that the slot holds
  constexpr tape_window(arena& memory, tape_slot slot, index_t used = 0) : memory_(&memory), slot_(slot) {
    if (memory.window_ != nullptr) {
      detail::raise<usage_error>("slimfit: a window of the tape is open; close it first");
    }
    memory.behind_window_ = memory.low_;
    memory.window_ = &slot_;
    memory.low_ = slot.first + used;
  }
  tape_window(tape_window const&) = delete;
  tape_window& operator=(tape_window const&) = delete;
  constexpr ~tape_window() {
    memory_->low_ = memory_->behind_window_;
    memory_->window_ = nullptr;
  }

 private:
  arena* memory_;
  tape_slot slot_;
};

/// Scratch memory of an arena, freed at the end of its scope; null for no elements. Buffers must end in reverse order
/// of their creation.
template <class T>
class scratch_buffer {
 public:
  constexpr scratch_buffer(arena& memory, index_t count, category purpose = category::workspace)
      : memory_(&memory),
        bytes_(arena::bytes_of<T>(count)),
        purpose_(purpose),
        data_(bytes_ > 0 ? memory.push_scratch<T>(count, purpose) : nullptr) {}
  scratch_buffer(scratch_buffer const&) = delete;
  scratch_buffer& operator=(scratch_buffer const&) = delete;
  constexpr ~scratch_buffer() {
    if (bytes_ > 0) { memory_->pop_scratch(bytes_, purpose_); }
  }

  [[nodiscard]] constexpr T* data() const { return data_; }

 private:
  arena* memory_;
  index_t bytes_;
  category purpose_;
  T* data_;
};

}  // namespace slimfit
