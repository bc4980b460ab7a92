// SPDX-License-Identifier: MIT
// Gradients that are kept until the end of a step: their mean over parts of a batch, and their norm.
#pragma once

#include <slimfit/optim/kernels/update_sums.hpp>

namespace slimfit::kernels {

/// One task is one block of `update_block` elements: `sum = keep * sum + share * gradient`. Where `keep` is 0, `sum` is
/// not read.
template <scalar T>
struct add_gradient {
  using value_type = compute_type<T>;
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = update_block;
  using scalar_type = T;

  T const* gradient;
  index_t count;
  value_type keep;
  value_type share;
  T* sum;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    share_of<0>(group, block, count).for_each_piece([this](auto const& piece) {
      using tile_type = typename std::remove_cvref_t<decltype(piece)>::template tile_type<value_type>;
      tile_type total{};
      if (keep != value_type{}) { total = piece.read(sum); }
      tile_type const added = piece.read(gradient);
      SLIMFIT_SIMD()
      for (int i = 0; i < tile_type::slots; ++i) { total.values[i] = keep * total.values[i] + share * added.values[i]; }
      piece.write(sum, total);
    });
  }
};

/// One task is one block of `update_block` elements: `to = share * from`, in place where both are one.
template <scalar From, scalar To>
struct scale_gradient {
  using value_type = compute_type<To>;
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = update_block;
  using scalar_type = From;

  From const* from;
  index_t count;
  value_type share;
  To* to;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    share_of<0>(group, block, count).for_each_piece([this](auto const& piece) {
      using tile_type = typename std::remove_cvref_t<decltype(piece)>::template tile_type<value_type>;
      tile_type values = piece.read(from);
      SLIMFIT_SIMD()
      for (int i = 0; i < tile_type::slots; ++i) { values.values[i] *= share; }
      piece.write(to, values);
    });
  }
};

/// One task is one block of `update_block` elements: its sum of squares.
template <scalar T>
struct square_gradient {
  using value_type = compute_type<T>;
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = update_block;
  using scalar_type = T;

  T const* gradient;
  index_t count;
  update_sums* sums;  ///< one per block

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    sum_over_block<value_type>(group, block, share_of<0>(group, block, count), sums, [this](auto const& piece) {
      using tile_type = typename std::remove_cvref_t<decltype(piece)>::template tile_type<value_type>;
      tile_type const slope = piece.read(gradient);
      measured_piece<tile_type> measured{};
      SLIMFIT_SIMD()
      for (int i = 0; i < tile_type::slots; ++i) { measured.squares.values[i] = slope.values[i] * slope.values[i]; }
      return measured;
    });
  }
};

/// The square of a norm, and the factor that follows from it.
struct clipping_state {
  double squares = 0;
  double factor = 1;
};

/// One launch: adds a gradient's block sums to the square of the norm, in their order, and sets the factor that shrinks
/// the norm to `most` where it is larger, as torch.nn.utils.clip_grad_norm_ does. Where the gradient's square is not
/// finite, no update may proceed.
struct clip_to_norm {
  static constexpr index_t rows_per_block = 1;
  static constexpr int width = 128;  // a lane's share of the blocks: 4 and more

  update_sums const* sums;
  index_t blocks;
  bool first;  ///< whether the norm begins with this gradient
  double most;
  clipping_state* state;  ///< null: no norm is wanted
  update_sums* total;     ///< of the parameter: gets the gradient's square
  std::int32_t* proceed;  ///< becomes 0 where that is not finite

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t /*row*/) const {
    double mine = 0;
    for (index_t block = group.lane(); block < blocks; block += Group::size) { mine += sums[block].squared_gradient; }
    mine = group.template reduce<Group::size>(mine, plus{});
    if (group.lane() != 0) { return; }
    *total = {update_sums::held_back, mine};
    if (!total->is_finite()) { *proceed = 0; }
    if (state == nullptr) { return; }
    double const squares = first ? mine : state->squares + mine;
    double const factor = most / (std::sqrt(squares) + 1e-6);
    *state = {squares, factor >= 1.0 ? 1.0 : factor};
  }
};

}  // namespace slimfit::kernels
