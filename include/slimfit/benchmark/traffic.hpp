// SPDX-License-Identifier: MIT
// The fewest bytes that a kernel could move. Memory moves whole sectors, so what is read or written is counted as the
// sectors that it touches.
#pragma once

#include <slimfit/stash.hpp>

namespace slimfit::benchmarks {

/// Bytes that memory moves at once.
inline constexpr index_t sector_bytes = 32;

/// Bytes that one run of a kernel must move, and what it keeps.
class traffic {
 public:
  /// Bytes that are read or written at least, each once.
  [[nodiscard]] index_t bytes_least() const { return bytes_least_; }
  /// Bytes that are read again from caches.
  [[nodiscard]] index_t bytes_reread() const { return bytes_reread_; }
  /// Bytes that stashes keep for the backward pass, with their padding.
  [[nodiscard]] index_t bytes_kept() const { return bytes_kept_; }
  /// Floating-point operations of matrix products; 0 where a kernel is bound by memory.
  [[nodiscard]] index_t flops() const { return flops_; }

  void count_bytes(index_t bytes) { bytes_least_ += bytes; }
  void count_reread(index_t bytes) { bytes_reread_ += bytes; }
  void count_kept(index_t bytes) { bytes_kept_ += bytes; }
  void count_flops(index_t flops) { flops_ += flops; }
  /// Counts `rows` accesses of `bytes` bytes each, one after another in memory, as the sectors that each touches.
  void count_rows(index_t rows, index_t bytes) {
    for (index_t row = 0; bytes > 0 && row < rows; ++row) {
      index_t const begin = row * bytes;
      count_bytes((divide_up(begin + bytes, sector_bytes) - begin / sector_bytes) * sector_bytes);
    }
  }
  /// Counts what the view of a stash keeps of each row, part by part.
  template <class View>
  void count_view(View const& view, index_t rows) {
    if constexpr (requires { view.bitmap; }) {
      count_array(view.bitmap, rows);
      count_view(view.values, rows);
    } else if constexpr (requires { view.matrix; }) {
      count_view(view.matrix, rows);  // of an activation function
    } else if constexpr (requires { view.codes.data; }) {
      count_array(view.codes, rows);
      count_array(view.scales, rows);
    } else if constexpr (requires { view.owned; }) {
      count_array(view.owned, rows);
    } else {
      if constexpr (requires { view.input; }) { count_view(view.input, rows); }
      if constexpr (requires { view.rows; }) { count_view(view.rows, rows); }
      if constexpr (requires { view.mean; }) { count_array(view.mean, rows); }
      if constexpr (requires { view.rstd; }) { count_array(view.rstd, rows); }
    }
  }

 private:
  template <class T>
  void count_array(kept_array<T> const& array, index_t rows) {
    count_rows(rows, array.bytes() / rows);  // Padding is less than the rows and falls away.
  }

  index_t bytes_least_ = 0;
  index_t bytes_reread_ = 0;
  index_t bytes_kept_ = 0;
  index_t flops_ = 0;
};

}  // namespace slimfit::benchmarks
