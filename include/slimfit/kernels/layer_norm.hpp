// SPDX-License-Identifier: MIT
// Layer normalisation (Ba, Kiros and Hinton, arXiv 1607.06450), forward and backward. What the backward needs is saved
// and read through a view from stash/layer_norm_stash.hpp, coded or not, in the same pass over the row.
#pragma once

#include <slimfit/kernels/row_blocks.hpp>
#include <slimfit/stash/layer_norm_stash.hpp>

namespace slimfit::kernels {

/// One row: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.
/// @tparam Kept view of a layer normalisation stash, or of `stash::none`
template <int Width, scalar T, class Kept>
struct layer_norm_forward {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T const* gamma;
  T const* beta;
  T* output;  ///< may be `input`
  compute_type<T> epsilon;
  Kept kept;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const x = load<Width>(group, input + row * Width);
    auto const statistics = stash::statistics_of(group, x, epsilon);
    auto const xhat = stash::normalize(group, x, statistics);
    store(group, output + row * Width,
          map([](auto v, auto g, auto b) { return v * g + b; }, xhat, load<Width>(group, gamma),
              load<Width>(group, beta)));
    kept.save(group, row, x, statistics, xhat);
  }
};

/// One row: its statistics, for `stash::normalized_rows`.
template <int Width, scalar T>
struct layer_norm_statistics {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  compute_type<T> epsilon;
  stash::row_statistics<compute_type<T>>* statistics;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const found = stash::statistics_of(group, load<Width>(group, input + row * Width), epsilon);
    if (group.lane() == 0) { statistics[row] = found; }
  }
};

/// What the backward computes beside the gradient of the input: `shift` is for beta alone, while gamma is frozen.
enum class parameter_gradients : unsigned char { none, shift, all };

/// A block of rows (`launches()` of them): with g = dy * gamma,
/// dx = rstd (g - mean(g) - xhat mean(g xhat)); per block the sums over rows of dy xhat (for gamma) and dy (for beta),
/// which `sum_rows` adds up.
/// @tparam Kept view of a layer normalisation stash that restores
template <int Width, scalar T, class Kept, parameter_gradients Wanted>
struct layer_norm_backward {
  static constexpr int width = Width;
  using scalar_type = T;
  using value_type = compute_type<T>;
  static constexpr bool has_sums = Wanted != parameter_gradients::none;
  static constexpr bool has_gamma = Wanted == parameter_gradients::all;
  static constexpr int live_tiles = 3;
  static constexpr bool works_in_teams = has_sums;
  static constexpr index_t rows_per_block = has_sums ? 1 : rows_in_block;

  /// Without sums each row is a piece of work of its own.
  [[nodiscard]] constexpr index_t launches() const { return has_sums ? blocks.count() : blocks.rows; }

  Kept kept;
  T const* output_gradient;
  T const* gamma;
  T* input_gradient;  ///< may be `output_gradient`
  value_type epsilon;
  row_blocks blocks;
  update_mode mode = update_mode::overwrite;  ///< of `input_gradient`
  value_type* gamma_partials = nullptr;       ///< `blocks.count() x Width`; unused without `all`
  value_type* beta_partials = nullptr;        ///< the same; unused with `none`

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t block) const {
    using tile_type = tile<value_type, Width, Group>;
    auto const scale = load<Width>(group, gamma);
    tile_type gamma_sum{};
    tile_type beta_sum{};
    auto const work_on = [&, this](index_t row) {
      auto const dy = load<Width>(group, output_gradient + row * Width);
      auto const normalized = kept.normalized(group, row, epsilon);
      auto const& xhat = normalized.xhat;
      if constexpr (has_sums) {
        SLIMFIT_SIMD()
        for (int slot = 0; slot < tile_type::slots; ++slot) {
          if constexpr (has_gamma) { gamma_sum.values[slot] += dy.values[slot] * xhat.values[slot]; }
          beta_sum.values[slot] += dy.values[slot];
        }
      }
      value_type const mean_g = sum(
                                    group, [](auto d, auto s) { return d * s; }, dy, scale) /
                                value_type{Width};
      value_type const mean_gx = sum(
                                     group, [](auto d, auto s, auto x) { return d * s * x; }, dy, scale, xhat) /
                                 value_type{Width};
      value_type const factor = normalized.rstd;
      auto const dx =
          map([=](auto d, auto s, auto x) { return factor * (d * s - mean_g - x * mean_gx); }, dy, scale, xhat);
      T* const target = input_gradient + row * Width;
      if (mode == update_mode::accumulate) {
        store(group, target, map([](auto a, auto b) { return a + b; }, load<Width>(group, target), dx));
      } else {
        store(group, target, dx);
      }
    };
    if constexpr (!has_sums) {
      work_on(block);
    } else {
      index_t const end = blocks.end(block);
      for (index_t row = blocks.begin(block) + part_of_team(group); row < end; row += parts_of_team(group)) {
        work_on(row);
      }
      if constexpr (has_gamma) { sum_over_team(group, gamma_sum); }
      sum_over_team(group, beta_sum);
      if (part_of_team(group) == 0) {
        if constexpr (has_gamma) { store(group, gamma_partials + block * Width, gamma_sum); }
        store(group, beta_partials + block * Width, beta_sum);
      }
    }
  }
};

}  // namespace slimfit::kernels
