// SPDX-License-Identifier: MIT
// What a row kernel is: a small function object that every backend calls once per row, with the group of lanes that
// owns the row:
//
//     template <int Width, scalar T>
//     struct scaled_rows {
//       static constexpr int width = Width;
//       using scalar_type = T;
//       T* rows;
//       template <class Group>
//       SLIMFIT_HD void operator()(Group group, index_t row) const;
//     };
//
// It is copied to the device, so it holds pointers and numbers. Everything else that a kernel may say of itself is
// listed here, with what holds where it says nothing.
#pragma once

#include <type_traits>

#include <slimfit/core/config.hpp>
#include <slimfit/rows/group.hpp>

namespace slimfit {

/// An object that can be launched over rows that groups of the kind `Group` own.
template <class Kernel, class Group = serial_group>
concept row_kernel = std::is_trivially_copyable_v<Kernel> && requires(Kernel const& kernel, Group group, index_t row) {
  kernel(group, row);
};

/// What a row kernel says of itself by static members of the same names, all of them optional.
template <class Kernel>
struct row_kernel_traits {
  /// Elements of a row: a device chooses by it how many lanes own one.
  static constexpr int width = [] {
    if constexpr (requires { Kernel::width; }) {
      return static_cast<int>(Kernel::width);
    } else {
      return 1024;
    }
  }();
  /// Bytes of an element, of the member `scalar_type`: a device chooses by it how many a lane reads in one access.
  static constexpr int element_bytes = [] {
    if constexpr (requires { typename Kernel::scalar_type; }) {
      return static_cast<int>(sizeof(typename Kernel::scalar_type));
    } else {
      return 4;
    }
  }();
  /// Tiles of a row that are in registers at the same time: with more of them more lanes share a row.
  static constexpr int live_tiles = [] {
    if constexpr (requires { Kernel::live_tiles; }) {
      return static_cast<int>(Kernel::live_tiles);
    } else {
      return 3;
    }
  }();
  /// Whether several groups may share the work of a row, see `team_group`: for kernels with few rows and much to do in
  /// each.
  static constexpr bool works_in_teams = [] {
    if constexpr (requires { Kernel::works_in_teams; }) {
      return static_cast<bool>(Kernel::works_in_teams);
    } else {
      return false;
    }
  }();
  /// Rows that make a worthwhile task for a thread of the host.
  static constexpr index_t rows_per_block = [] {
    if constexpr (requires { Kernel::rows_per_block; }) {
      return static_cast<index_t>(Kernel::rows_per_block);
    } else {
      return index_t{16};
    }
  }();
};

/// Whether `kernel.template in_pieces<Piece>()` gives a kernel that does the same to `width / Piece` rows of `Piece`
/// elements for each row: kernels may have it whose rows fall apart. None falls into pieces of 0.
template <class Kernel, int Piece>
inline constexpr bool falls_into_pieces = requires(Kernel const& kernel) {
  kernel.template in_pieces<Piece>();
};
template <class Kernel>
inline constexpr bool falls_into_pieces<Kernel, 0> = false;

}  // namespace slimfit
