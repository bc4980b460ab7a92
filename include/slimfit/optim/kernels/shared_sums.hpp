// SPDX-License-Identifier: MIT
// What the updates of slices measured, on its way to the sums over all ranks and back.
#pragma once

#include <slimfit/optim/kernels/update_sums.hpp>

namespace slimfit::kernels {

/// One launch: three numbers of each parameter in a list, `sent[3 i]` to `sent[3 i + 2]`: both of its sums, and whether
/// its update was held back.
struct send_update_sums {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;

  update_sums const* totals;
  std::int32_t const* positions;
  index_t count;
  double* sent;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    for (index_t i = group.lane(); i < count; i += Group::size) {
      auto const total = totals[positions[i]];
      bool const held_back = total.relative_change == update_sums::held_back;
      sent[3 * i] = held_back ? 0.0 : total.relative_change;
      sent[3 * i + 1] = total.squared_gradient;
      sent[3 * i + 2] = held_back ? 1.0 : 0.0;
    }
  }
};

/// One launch: the sums of such numbers become the parameters'. What one rank held back counts as held back.
struct receive_update_sums {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;

  double const* received;
  std::int32_t const* positions;
  index_t count;
  update_sums* totals;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    for (index_t i = group.lane(); i < count; i += Group::size) {
      bool const held_back = received[3 * i + 2] != 0.0;
      totals[positions[i]] = {held_back ? update_sums::held_back : received[3 * i], received[3 * i + 1]};
    }
  }
};

}  // namespace slimfit::kernels
