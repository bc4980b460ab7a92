// SPDX-License-Identifier: MIT
// An activation function, forward and backward, with what the backward needs saved in the form that a stash type says.
#pragma once

#include <slimfit/kernels/row_blocks.hpp>
#include <slimfit/stash/activation_stash.hpp>
#include <slimfit/stash/dense.hpp>

namespace slimfit::kernels {

/// One row: z = input + bias, output = f(z).
/// @tparam Activation the function f
/// @tparam Kept       view of an activation's stash or of `stash::none`: saves z or the derivative at z
/// @tparam KeptOutput view of a matrix stash: saves the output, which is the next linear layer's input
template <activation_function Activation, int Width, scalar T, class Kept,
          class KeptOutput = stash::none::kept<T, Width>>
struct activation_forward {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T const* bias;  ///< null: none
  T* output;      ///< may be `input`
  Kept kept{};
  KeptOutput kept_output{};

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto z = load<Width>(group, input + row * Width);
    if (bias != nullptr) {
      z = map([](auto x, auto b) { return x + b; }, z, load<Width>(group, bias));
    }
    auto h = z;
    constexpr bool codes_derivative = [] {
      if constexpr (requires { Kept::keeps_derivative; }) {
        return bool{Kept::keeps_derivative};
      } else {
        return false;
      }
    }();
    if constexpr (codes_derivative) {
      auto derivative = z;
      SLIMFIT_SIMD()
      for (int slot = 0; slot < decltype(z)::slots; ++slot) {
        auto const both = Activation::both(z.values[slot]);
        h.values[slot] = both.value;
        derivative.values[slot] = both.derivative;
      }
      kept.save(group, row, derivative);
    } else {
      kept.save(group, row, z);
      h = map([](auto v) { return Activation::both(v).value; }, z);
    }
    store(group, output + row * Width, h);
    kept_output.save(group, row, h);
  }
};

/// One row: input_gradient = output_gradient * f'(z).
/// @tparam Kept view of an activation's stash
template <int Width, scalar T, class Kept>
struct activation_backward {
  static constexpr int width = Width;
  using scalar_type = T;

  Kept kept;
  T const* output_gradient;
  T* input_gradient;  ///< may be `output_gradient`

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    store(group, input_gradient + row * Width,
          map([](auto d, auto slope) { return d * slope; }, load<Width>(group, output_gradient + row * Width),
              kept.derivative(group, row)));
  }
};

/// A slice of the columns of a block of rows: the same, and the partial sums of what is written, which `sum_rows` makes
/// the gradient of the bias before the activation. Launch with `launches()` rows.
/// @tparam Kept view of an activation's stash
template <int Width, scalar T, class Kept>
struct activation_backward_sums {
  using scalar_type = T;
  using value_type = compute_type<T>;
  /// Of a slice: a warp's accesses where rows fall into slices, else a whole row.
  static constexpr int width = [] {
    if constexpr (Width % 256 == 0 && falls_into_pieces<Kept, 256>) { return 256; }
    if constexpr (Width % 128 == 0 && falls_into_pieces<Kept, 128>) { return 128; }
    return Width;
  }();
  static constexpr index_t slices = Width / width;
  static constexpr index_t rows_per_block = slices;
  static constexpr bool works_in_teams = true;

  Kept kept;
  T const* output_gradient;
  T* input_gradient;  ///< may be `output_gradient`
  row_blocks blocks;
  value_type* partials;  ///< `blocks.count() x Width`

  [[nodiscard]] constexpr index_t launches() const { return blocks.count() * slices; }

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t piece) const {
    index_t const block = piece / slices;
    index_t const slice = piece % slices;
    if constexpr (Group::size == 1 || slices == 1) {
      if (slice == 0) { work<Width>(group, kept, block, 0); }
    } else {
      work<width>(group, kept.template in_pieces<width>(), block, slice);
    }
  }

 private:
  /// @param view of rows of `Columns` elements
  template <int Columns, lane_group Group, class View>
  SLIMFIT_HD void work(Group group, View const& view, index_t block, index_t slice) const {
    constexpr index_t pieces = Width / Columns;
    index_t const end = blocks.end(block);
    tile<value_type, Columns, Group> total{};
    for (index_t row = blocks.begin(block) + part_of_team(group); row < end; row += parts_of_team(group)) {
      index_t const at = row * pieces + slice;
      auto const gradient = map([](auto d, auto slope) { return static_cast<value_type>(static_cast<T>(d * slope)); },
                                load<Columns>(group, output_gradient + at * Columns), view.derivative(group, at));
      store(group, input_gradient + at * Columns, gradient);
      detail::add_to(total, gradient);
    }
    sum_over_team(group, total);
    if (part_of_team(group) == 0) { store(group, partials + (block * pieces + slice) * Columns, total); }
  }
};

}  // namespace slimfit::kernels
