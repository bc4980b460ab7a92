// SPDX-License-Identifier: MIT
// Counters of values that a stash's format clipped. Rows are counted by the kernels that code them; here the rows of a
// launch are added to the counter of their layer, in whole numbers, so that order does not matter.
#pragma once

#include <slimfit/rows/group.hpp>

namespace slimfit {

/// What one counter came to.
struct saturation_total {
  index_t clipped = 0;  ///< values outside the format's range
  index_t total = 0;    ///< values that were coded
};

namespace kernels {

/// One launch: adds the clipped values of `rows` rows to a counter.
struct add_saturation {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;  // a lane's share of the rows: 4 and more

  std::int32_t const* counts;  ///< by row
  index_t rows;
  index_t row_values;  ///< values that were coded of each row
  saturation_total* counter;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    index_t clipped = 0;
    for (index_t i = group.lane(); i < rows; i += Group::size) { clipped += counts[i]; }
    clipped = group.template reduce<Group::size>(clipped, plus{});
    if (group.lane() == 0) {
      counter->clipped += clipped;
      counter->total += rows * row_values;
    }
  }
};

}  // namespace kernels

}  // namespace slimfit
