// SPDX-License-Identifier: MIT
// Subtracts from every key of a sequence the mean over its tokens.
#pragma once

#include <slimfit/core/sequences.hpp>
#include <slimfit/kernels/row_blocks.hpp>

namespace slimfit::kernels {

/// A slice of the columns of one sequence, in place. Padding takes no part. Launch with `launches` rows.
template <int Width, scalar T>
struct center_keys {
  /// Of a slice, where rows fall into slices.
  static constexpr int width = Width % columns_in_slice == 0 ? columns_in_slice : Width;
  static constexpr index_t slices = Width / width;
  using scalar_type = T;
  static constexpr index_t rows_per_block = slices;
  static constexpr bool works_in_teams = true;

  T* keys;
  sequence_rows sequences;

  [[nodiscard]] static constexpr index_t launches(index_t sequence_count) { return sequence_count * slices; }

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t piece) const {
    index_t const sequence = piece / slices;
    index_t const slice = piece % slices;
    if constexpr (Group::size > 1) {
      center<width>(group, sequence, slice * width);
    } else if (slice == 0) {  // of rows one after another, processors read ahead
      center<Width>(group, sequence, 0);
    }
  }

 private:
  template <int Columns, lane_group Group>
  SLIMFIT_HD void center(Group group, index_t sequence, index_t column) const {
    using value_type = compute_type<T>;
    T* const first = keys + sequences.first(sequence) * Width + column;
    index_t const tokens = sequences.keys(sequence);
    tile<value_type, Columns, Group> total{};
    for (index_t token = part_of_team(group); token < tokens; token += parts_of_team(group)) {
      detail::add_to(total, load<Columns>(group, first + token * Width));
    }
    sum_over_team(group, total);
    share_over_team(group, total);
    auto const share = value_type{1} / static_cast<value_type>(tokens);
    for (index_t token = part_of_team(group); token < tokens; token += parts_of_team(group)) {
      T* const row = first + token * Width;
      store(group, row,
            map([share](value_type x, value_type sum) { return x - share * sum; }, load<Columns>(group, row), total));
    }
  }
};

}  // namespace slimfit::kernels
