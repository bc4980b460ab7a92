// SPDX-License-Identifier: MIT
// What an activation function keeps for its backward pass: its input in some form, or its derivative in a few levels.
// The derivative is all the backward needs and takes few bits; the input also gives back the output.
#pragma once

#include <slimfit/core/activations.hpp>
#include <slimfit/rows/row_kernel.hpp>
#include <slimfit/stash/by_state.hpp>
#include <slimfit/stash/quantized.hpp>

namespace slimfit::stash {

/// A view `K` of an activation's stash has `keeps_derivative` (what `save(group, row, tile)` takes: the derivative
/// instead of the input), `derivative(group, row)`, and where it can `restore(group, row)`, the output.
template <class K>
concept activation_view = requires(K const& kept, serial_group group) {
  { K::keeps_derivative } -> std::convertible_to<bool>;
  kept.derivative(group, index_t{});
};

/// Keeps the function's input by the matrix stash `S`.
template <class S, activation_function Activation>
struct activation_input : private detail::checked_matrix_stash<S> {
  static constexpr bool is_dense = S::is_dense;
  static constexpr bool draws_random = stash::draws_random<S>;
  using input_stash = S;

  template <scalar T, int Width>
  struct kept {
    static constexpr bool keeps_derivative = false;
    static constexpr bool restores = S::template kept<T, Width>::restores;
    static constexpr bool counts_saturation = stash::counts_saturation<typename S::template kept<T, Width>>;
    static constexpr index_t coded_values = detail::coded_values_of<typename S::template kept<T, Width>>;
    typename S::template kept<T, Width> input{};

    template <lane_group Group, class Tile>
    SLIMFIT_HD void save(Group group, index_t row, Tile const& values) const {
      input.save(group, row, values);
    }
    /// The derivative at the kept input.
    template <lane_group Group>
    SLIMFIT_HD tile<compute_type<T>, Width, Group> derivative(Group group, index_t row) const {
      return map([](auto z) { return Activation::both(z).derivative; }, input.restore(group, row));
    }
    /// The output, computed again.
    template <lane_group Group>
    SLIMFIT_HD tile<compute_type<T>, Width, Group> restore(Group group, index_t row) const {
      return map([](auto z) { return Activation::both(z).value; }, input.restore(group, row));
    }
    SLIMFIT_HD constexpr kept counting(std::int32_t* counts) const requires(counts_saturation) {
      return {input.counting(counts)};
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const { return {input.rows_from(first)}; }
    /// The same memory as rows of `Piece` elements, to read.
    template <int Piece>
    SLIMFIT_HD constexpr kept<T, Piece> in_pieces() const
        requires(slimfit::falls_into_pieces<typename S::template kept<T, Width>, Piece>) {
      return {input.template in_pieces<Piece>()};
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
    return {stash::keep<S, T, Width>(memory, rows, purpose, state, random)};
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    S::release(memory, kept.input);
  }
};

/// Keeps GELU's input by the matrix stash `S`.
template <class S>
using gelu_input = activation_input<S, activation::gelu>;

namespace detail {
template <class Codebook>
struct checked_derivative {
  static_assert(format::storage_format<Codebook>,
                "slimfit: gelu_derivative<Codebook>: Codebook must be a storage format, e.g. "
                "format::gelu_derivative_codebook<4>");
};
}  // namespace detail

/// Keeps the derivative of `Activation` in the format `Codebook`.
template <class Codebook, activation_function Activation>
struct activation_derivative : private detail::checked_derivative<Codebook> {
  static constexpr bool is_dense = false;
  using matrix = quantized<Codebook>;
  static constexpr bool draws_random = stash::draws_random<matrix>;

  template <scalar T, int Width>
  struct kept {
    static constexpr bool keeps_derivative = true;
    static constexpr bool restores = false;
    static constexpr bool counts_saturation = stash::counts_saturation<typename matrix::template kept<T, Width>>;
    static constexpr index_t coded_values = Width;
    typename matrix::template kept<T, Width> codes{};

    template <lane_group Group, class Tile>
    SLIMFIT_HD void save(Group group, index_t row, Tile const& derivatives) const {
      codes.save(group, row, derivatives);
    }
    template <lane_group Group>
    SLIMFIT_HD tile<compute_type<T>, Width, Group> derivative(Group group, index_t row) const {
      return codes.restore(group, row);
    }
    SLIMFIT_HD constexpr kept counting(std::int32_t* counts) const requires(counts_saturation) {
      return {codes.counting(counts)};
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const { return {codes.rows_from(first)}; }
    /// The same memory as rows of `Piece` elements, to read.
    template <int Piece>
    SLIMFIT_HD constexpr kept<T, Piece> in_pieces() const
        requires(slimfit::falls_into_pieces<typename matrix::template kept<T, Width>, Piece>) {
      return {codes.template in_pieces<Piece>()};
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
    return {stash::keep<matrix, T, Width>(memory, rows, purpose, state, random)};
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    matrix::release(memory, kept.codes);
  }
};

/// Keeps GELU's derivative in the format `Codebook`, e.g. `format::gelu_derivative_codebook<4>`.
template <class Codebook>
using gelu_derivative = activation_derivative<Codebook, activation::gelu>;

namespace detail {
template <class Stash, class Activation>
struct stash_of_activation {
  using type = Stash;
};
template <class Codebook, class Kept, class Activation>
struct stash_of_activation<activation_derivative<Codebook, Kept>, Activation> {
  static_assert(std::same_as<Kept, Activation>,
                "slimfit: mlp: this stash of the policy's `gelu` keeps the derivative of another activation function "
                "than the MLP's; use stash::gelu_input<...> there, or stash::activation_derivative of the MLP's");
  using type = activation_derivative<Codebook, Kept>;
};
template <class S, class Any, class Activation>
struct stash_of_activation<activation_input<S, Any>, Activation> {
  using type = activation_input<S, Activation>;
};
template <class Active, class Frozen, class Activation>
struct stash_of_activation<by_state<Active, Frozen>, Activation> {
  using type = by_state<typename stash_of_activation<Active, Activation>::type,
                        typename stash_of_activation<Frozen, Activation>::type>;
};
}  // namespace detail

/// The stash that keeps for `Activation` what `Stash` keeps for GELU.
template <class Stash, activation_function Activation>
using stash_for_activation = typename detail::stash_of_activation<Stash, Activation>::type;

}  // namespace slimfit::stash
