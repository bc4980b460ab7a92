// SPDX-License-Identifier: MIT
// What layer normalisation keeps for its backward pass: its input, or the normalised rows and one number per row.
#pragma once

#include <slimfit/stash/dense.hpp>

namespace slimfit::stash {

/// A normalised row, (x - mean) / sqrt(variance + epsilon), and its 1 / sqrt(variance + epsilon).
template <class T, int Width, lane_group Group>
struct normalized_row {
  tile<T, Width, Group> xhat;
  T rstd;
};

/// Mean of a row and 1 / sqrt(variance + epsilon). Two passes over the tile: no cancellation.
template <class T>
struct row_statistics {
  T mean;
  T rstd;
};
/// Of one row, in two passes over it. The group's lanes all get them.
/// @param epsilon is added to the variance
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline row_statistics<T> statistics_of(Group group, tile<T, Width, Group> const& x, T epsilon) {
  T const mean = sum(
                     group, [](T v) { return v; }, x) /
                 static_cast<T>(Width);
  T const variance = sum(
                         group, [mean](T v) { return (v - mean) * (v - mean); }, x) /
                     static_cast<T>(Width);
  return {mean, T{1} / std::sqrt(variance + epsilon)};
}
/// (x - mean) * rstd; zero beyond the row's end.
template <class T, int Width, lane_group Group>
SLIMFIT_HD inline tile<T, Width, Group> normalize(Group group, tile<T, Width, Group> const& x,
                                                  row_statistics<T> statistics) {
  using tile_type = tile<T, Width, Group>;
  int const lane = group.lane();
  T const mean = statistics.mean;
  T const rstd = statistics.rstd;
  tile_type result;
  SLIMFIT_SIMD()
  for (int slot = 0; slot < tile_type::slots; ++slot) {
    result.values[slot] = tile_type::holds(lane, slot) ? (x.values[slot] - mean) * rstd : T{};
  }
  for (int slot = tile_type::slots; slot < tile_type::padded_slots; ++slot) { result.values[slot] = T{}; }
  return result;
}

/// A source of normalised rows from statistics that were computed before: the same bits in every kernel that reads it,
/// because no sum is computed again, whose rounding could differ from kernel to kernel.
template <int Width, scalar T>
struct normalized_rows {
  static constexpr int width = Width;
  using scalar_type = T;
  using value_type = compute_type<T>;

  T const* input;
  row_statistics<value_type> const* statistics;  ///< per row

  template <lane_group Group>
  SLIMFIT_HD tile<value_type, Width, Group> restore(Group group, index_t row) const {
    return normalize(group, load<Width>(group, input + row * Width), statistics[row]);
  }
};

/// Whether each row's mean and standard deviation are kept or computed again from the input.
enum class statistics : unsigned char { with, without };

/// Keeps the input as it is. Its view may adopt a tensor that is kept anyway (`kept::adopt`).
template <statistics Which = statistics::with>
struct layer_norm_input {
  static constexpr bool is_dense = true;

  template <scalar T, int Width>
  struct kept {
    using value_type = compute_type<T>;
    static constexpr bool restores = true;
    dense::kept<T, Width> input{};
    kept_array<value_type> mean{};
    kept_array<value_type> rstd{};

    /// Refers to an input that someone else keeps. Statistics are then computed again.
    static constexpr kept adopt(T const* tensor) { return {dense::kept<T, Width>::adopt(tensor), {}, {}}; }

    template <lane_group Group>
    SLIMFIT_HD void save(Group group, index_t row, tile<value_type, Width, Group> const& x,
                         row_statistics<value_type> row_values, tile<value_type, Width, Group> const& /*xhat*/) const {
      input.save(group, row, x);
      if (mean.data != nullptr && group.lane() == 0) {
        mean.data[row] = row_values.mean;
        rstd.data[row] = row_values.rstd;
      }
    }
    template <lane_group Group>
    SLIMFIT_HD normalized_row<value_type, Width, Group> normalized(Group group, index_t row, value_type epsilon) const {
      auto const x = input.restore(group, row);
      auto const row_values = mean.data != nullptr ? row_statistics<value_type>{mean.data[row], rstd.data[row]}
                                                   : statistics_of(group, x, epsilon);
      return {normalize(group, x, row_values), row_values.rstd};
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const {
      return {input.rows_from(first), detail::from(mean, first), detail::from(rstd, first)};
    }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(arena& memory, index_t rows, category purpose,
                                       unit_state state = unit_state::active) {
    kept<T, Width> result;
    result.input = dense::keep<T, Width>(memory, rows, purpose, state);
    if constexpr (Which == statistics::with) {
      result.mean = memory.keep<compute_type<T>>(rows, purpose);
      result.rstd = memory.keep<compute_type<T>>(rows, purpose);
    }
    return result;
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    detail::release_some(memory, kept.rstd);
    detail::release_some(memory, kept.mean);
    dense::release(memory, kept.input);
  }
};

/// Keeps the normalised rows by the matrix stash `S`, and 1 / sqrt(variance + epsilon) of each row.
template <class S>
struct layer_norm_normalized : private detail::checked_matrix_stash<S> {
  static constexpr bool is_dense = S::is_dense;
  static constexpr bool draws_random = stash::draws_random<S>;

  template <scalar T, int Width>
  struct kept {
    using value_type = compute_type<T>;
    static constexpr bool restores = true;
    static constexpr bool counts_saturation = stash::counts_saturation<typename S::template kept<T, Width>>;
    static constexpr index_t coded_values = detail::coded_values_of<typename S::template kept<T, Width>>;
    static constexpr bool saves_matrix = stash::saves_matrix<typename S::template kept<T, Width>>;
    static constexpr index_t workspace_numbers(index_t count) {
      return stash::workspace_numbers<typename S::template kept<T, Width>>(count);
    }
    typename S::template kept<T, Width> rows{};
    kept_array<value_type> rstd{};

    template <lane_group Group>
    SLIMFIT_HD void save(Group group, index_t row, tile<value_type, Width, Group> const& /*x*/,
                         row_statistics<value_type> row_values,
                         [[maybe_unused]] tile<value_type, Width, Group> const& xhat) const {
      if constexpr (!saves_matrix) { rows.save(group, row, xhat); }
      if (group.lane() == 0) { rstd.data[row] = row_values.rstd; }
    }
    template <lane_group Group>
    SLIMFIT_HD normalized_row<value_type, Width, Group> normalized(Group group, index_t row,
                                                                   value_type /*epsilon*/) const {
      return {rows.restore(group, row), rstd.data[row]};
    }
    /// @param source gives the normalised rows
    template <class Context, class Source>
    constexpr void save_matrix(Context& run, Source const& source, index_t count, index_t* workspace) const
        requires(saves_matrix) {
      rows.save_matrix(run, source, count, workspace);
    }
    SLIMFIT_HD constexpr kept counting(std::int32_t* counts) const requires(counts_saturation) {
      return {rows.counting(counts), rstd};
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const {
      return {rows.rows_from(first), detail::from(rstd, first)};
    }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(
      arena& memory, index_t rows, category purpose, unit_state state = unit_state::active,
      detail::stream_of<draws_random> const& random = detail::unsaid_stream<draws_random>()) {
    kept<T, Width> result;
    result.rows = stash::keep<S, T, Width>(memory, rows, purpose, state, random);
    result.rstd = memory.keep<compute_type<T>>(rows, purpose);
    return result;
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    detail::release_some(memory, kept.rstd);
    S::release(memory, kept.rows);
  }
};

/// A source of layer normalisation's output, xhat * gamma + beta, from what it keeps: the exact preset rebuilds the
/// input of a linear layer in this way.
/// @tparam Kept view of a layer normalisation stash
template <int Width, scalar T, class Kept>
struct layer_norm_output {
  static constexpr bool restores = true;
  Kept kept;
  T const* gamma;
  T const* beta;
  compute_type<T> epsilon;

  template <lane_group Group>
  SLIMFIT_HD tile<compute_type<T>, Width, Group> restore(Group group, index_t row) const {
    return map([](auto x, auto g, auto b) { return x * g + b; }, kept.normalized(group, row, epsilon).xhat,
               load<Width>(group, gamma), load<Width>(group, beta));
  }
  SLIMFIT_HD constexpr layer_norm_output rows_from(index_t first) const {
    return {kept.rows_from(first), gamma, beta, epsilon};
  }
  template <class F>
  constexpr decltype(auto) visit(F&& f) const {
    return f(*this);
  }
};

}  // namespace slimfit::stash
