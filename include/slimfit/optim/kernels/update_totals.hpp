// SPDX-License-Identifier: MIT
// What the kernels of an update measured, added up over the blocks of each parameter.
#pragma once

#include <slimfit/optim/kernels/update_sums.hpp>

namespace slimfit {

/// One launch: `total` = the sum of a parameter's block sums, in their order. Where it is not finite, the updates that
/// follow may not proceed.
struct add_update_sums {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;  // a lane's share of the blocks: 4 and more

  update_sums const* sums;
  index_t blocks;
  update_sums* total;
  std::int32_t* proceed = nullptr;  ///< as the update's
  bool measured = false;            ///< whether `total` has the gradient's square already

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    if (!may_proceed(proceed)) {
      if (group.lane() == 0) { *total = {update_sums::held_back, measured ? total->squared_gradient : 0.0}; }
      return;
    }
    update_sums mine;
    for (index_t block = group.lane(); block < blocks; block += Group::size) {
      mine.relative_change += sums[block].relative_change;
      mine.squared_gradient += sums[block].squared_gradient;
    }
    mine.relative_change = group.template reduce<Group::size>(mine.relative_change, plus{});
    mine.squared_gradient = group.template reduce<Group::size>(mine.squared_gradient, plus{});
    group.sync();  // all lanes have read `proceed`
    if (group.lane() == 0) {
      *total = mine;
      if (proceed != nullptr && !mine.is_finite()) { *proceed = 0; }
    }
  }
};

/// The same for several parameters that were updated together: some lanes each.
struct add_joint_update_sums {
  static constexpr index_t rows_per_block = 1;
  static constexpr int most = 8;
  static constexpr int width = 1024 * most;  // a block of as many warps

  struct part {
    update_sums const* sums;
    index_t blocks;
    update_sums* total;
  };
  part parts[most];
  int count;
  std::int32_t* proceed = nullptr;  ///< as the updates'
  bool measured = false;            ///< whether the totals have the gradients' squares already

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    constexpr int sharers = lesser(Group::size, 32);  // lanes of a parameter
    bool const proceeds = may_proceed(proceed);
    std::int32_t finite = 1;
    for (int first = 0; first < count; first += Group::size / sharers) {
      finite &= add<sharers>(group, first + group.lane() / sharers, proceeds) ? 1 : 0;
    }
    finite = group.template reduce<Group::size>(finite, minimum{});
    group.sync();  // all lanes have read `proceed`
    if (group.lane() == 0 && proceeds && proceed != nullptr && finite == 0) { *proceed = 0; }
  }

 private:
  /// All lanes call it, also those whose parameter does not exist.
  /// @return whether the total is finite, or nothing was updated
  template <int Sharers, lane_group Group>
  SLIMFIT_HD bool add(Group group, int number, bool proceeds) const {
    part own{nullptr, 0, nullptr};
    SLIMFIT_UNROLL
    for (int i = 0; i < most; ++i) {
      if (i == number && i < count) { own = parts[i]; }
    }
    bool const leads = group.lane() % Sharers == 0 && own.total != nullptr;
    if (!proceeds) {
      if (leads) { *own.total = {update_sums::held_back, measured ? own.total->squared_gradient : 0.0}; }
      return true;
    }
    update_sums total;
    for (index_t block = group.lane() % Sharers; block < own.blocks; block += Sharers) {
      total.relative_change += own.sums[block].relative_change;
      total.squared_gradient += own.sums[block].squared_gradient;
    }
    total.relative_change = group.template reduce<Sharers>(total.relative_change, plus{});
    total.squared_gradient = group.template reduce<Sharers>(total.squared_gradient, plus{});
    if (leads) { *own.total = total; }
    return total.is_finite();
  }
};

}  // namespace slimfit
