// SPDX-License-Identifier: MIT
// What code holds of the arena's tape.
#pragma once

#include <slimfit/core/config.hpp>
#include <slimfit/memory/category.hpp>

namespace slimfit {

/// Typed bytes on the tape. Plain data: `arena::release` frees it, newest first. Two words, because kernels take
/// several as arguments: nvcc 13 keeps an argument in registers up to 128 bytes and reads a larger one from memory at
/// each use.
template <class T>
class kept_array {
 public:
  constexpr kept_array() = default;
  /// @param bytes with their padding
  SLIMFIT_HD constexpr kept_array(T* first, index_t bytes, category purpose)
      : data(first), bytes_and_category_(bytes | static_cast<index_t>(purpose)) {}
  /// What is only looked at, never released.
  SLIMFIT_HD constexpr explicit kept_array(T* first) : data(first) {}

  [[nodiscard]] constexpr index_t bytes() const { return bytes_and_category_ & ~category_mask; }
  [[nodiscard]] constexpr category purpose() const {
    return static_cast<category>(bytes_and_category_ & category_mask);
  }

  T* data = nullptr;

 private:
  static constexpr index_t category_mask = 7;  // Padded sizes are multiples of more.
  static_assert(category_count <= category_mask + 1);
  index_t bytes_and_category_ = 0;
};

/// A part of the tape that is taken at once, to be filled like a tape, see `tape_window`.
struct tape_slot {
  index_t first = 0;  ///< byte of the arena
  index_t bytes = 0;
};

}  // namespace slimfit
