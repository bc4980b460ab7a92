// SPDX-License-Identifier: MIT
// Places in a block of memory, one after the other, that are given back in the order in which they were taken.
#pragma once

#include <optional>
#include <vector>

#include <slimfit/core/config.hpp>

namespace slimfit {

/// Counts in elements; has no memory itself.
class slot_ring {
 public:
  explicit slot_ring(index_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool empty() const { return first_ == ends_.size(); }
  /// The first element of `count` that are next to each other; nothing while what was taken before leaves no room.
  /// @param count at least 1, at most the capacity
  std::optional<index_t> take(index_t count) {
    if (empty()) { forget(); }
    bool const wraps = !empty() && begin_ >= head_;
    index_t const limit = wraps ? begin_ : capacity_;
    index_t place = head_;
    if (limit - place < count) {
      // Behind the end comes the beginning, up to what is still taken.
      if (wraps || begin_ < count) { return std::nullopt; }
      place = 0;
    }
    head_ = place + count;
    ends_.push_back({place, head_});
    return place;
  }
  /// Gives back what was taken first.
  void give_back() {
    ++first_;
    if (!empty()) { begin_ = ends_[first_].place; }
  }
  /// Gives all back.
  void forget() {
    ends_.clear();
    first_ = 0;
    begin_ = 0;
    head_ = 0;
  }

 private:
  struct slot {
    index_t place;
    index_t end;
  };
  index_t capacity_;
  std::vector<slot> ends_;  ///< from `first_` on; emptied when all were given back
  std::size_t first_ = 0;
  index_t begin_ = 0;  ///< of the oldest
  index_t head_ = 0;   ///< behind the newest
};

}  // namespace slimfit
