// SPDX-License-Identifier: MIT
// Who may watch a step take and give back memory. Training code knows this interface alone, so that programs that watch
// nothing do not compile what makes sense of it (memory/record.hpp).
#pragma once

#include <array>

#include <slimfit/memory/category.hpp>

namespace slimfit {

/// In which form a matrix is kept: constants, of which a record makes words.
struct kept_form {
  char const* role = "";     ///< what is kept instead of the matrix, e.g. "normalised rows"
  char const* numbers = "";  ///< the numbers' type, or words of their own; where they are codes, empty
  int bits = 0;              ///< of a code
  int scales = 0;            ///< numbers that a group of codes shares
  index_t scale_group = 0;   ///< codes that share them; 0: there are none
  bool fixed_range = false;
  int largest_percent = 0;      ///< of the numbers, which alone are kept; 0: all
  char const* largest_of = "";  ///< what these are the largest of
};

/// A matrix on the tape as layers describe it.
struct described_matrix {
  static constexpr int most_units = 16;
  char const* name = "";  ///< empty: nothing that has a name
  kept_form form{};
  std::array<int, most_units> units{};  ///< active units without which it would not be kept, the first of them
  int unit_count = 0;                   ///< 0: it always is

  constexpr void add_unit(int unit) {
    if (unit_count < most_units) { units[static_cast<std::size_t>(unit_count++)] = unit; }
  }
};

/// To be given to `ledger::record`. It watches in the middle of steps, so it throws nothing: what it cannot note it
/// must leave out.
class memory_observer {
 public:
  /// `held` is there already.
  virtual void start(byte_counts const& held) noexcept = 0;
  /// What happens until `leave` belongs to this range. @param number behind its name; negative: none
  virtual void enter(char const* name, int number) noexcept = 0;
  virtual void leave() noexcept = 0;
  /// What is taken from now on holds this.
  virtual void name_matrix(described_matrix const& matrix) noexcept = 0;
  /// `bytes` were taken, or when negative given back.
  virtual void change(category purpose, index_t bytes) noexcept = 0;
  virtual void forward_ended() noexcept = 0;

 protected:
  memory_observer() = default;
  memory_observer(memory_observer const&) = default;
  memory_observer& operator=(memory_observer const&) = default;
  ~memory_observer() = default;
};

}  // namespace slimfit
