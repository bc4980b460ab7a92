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

namespace detail {

/// What is kept are inputs: the derivative and the output follow from them.
template <activation_function Activation>
struct inputs_of {
  static constexpr bool keeps_derivative = false;
  template <class T>
  SLIMFIT_HD static constexpr T derivative(T z) {
    return Activation::both(z).derivative;
  }
  template <class T>
  SLIMFIT_HD static constexpr T value(T z) {
    return Activation::both(z).value;
  }
};
/// What is kept are derivatives.
struct derivatives {
  static constexpr bool keeps_derivative = true;
  template <class T>
  SLIMFIT_HD static constexpr T derivative(T kept) {
    return kept;
  }
};

/// Keeps what `Meaning` says by the matrix stash `S`.
template <class S, class Meaning>
struct activation_matrix {
  static constexpr bool is_dense = S::is_dense;
  static constexpr bool draws_random = stash::draws_random<S>;

  template <scalar T, int Width>
  struct kept {
    using matrix_type = typename S::template kept<T, Width>;
    static constexpr bool keeps_derivative = Meaning::keeps_derivative;
    static constexpr bool restores = matrix_type::restores && !keeps_derivative;
    static constexpr bool counts_saturation = stash::counts_saturation<matrix_type>;
    static constexpr index_t coded_values = coded_values_of<matrix_type>;
    matrix_type matrix{};

    template <lane_group Group, class Tile>
    SLIMFIT_HD void save(Group group, index_t row, Tile const& values) const {
      matrix.save(group, row, values);
    }
    template <lane_group Group>
    SLIMFIT_HD tile<compute_type<T>, Width, Group> derivative(Group group, index_t row) const {
      return map([](auto each) { return Meaning::derivative(each); }, matrix.restore(group, row));
    }
    /// The output, computed again.
    template <lane_group Group>
    SLIMFIT_HD tile<compute_type<T>, Width, Group> restore(Group group, index_t row) const requires(!keeps_derivative) {
      return map([](auto each) { return Meaning::value(each); }, matrix.restore(group, row));
    }
    SLIMFIT_HD constexpr kept counting(std::int32_t* counts) const requires(counts_saturation) {
      return {matrix.counting(counts)};
    }
    SLIMFIT_HD constexpr kept rows_from(index_t first) const { return {matrix.rows_from(first)}; }
    /// The same memory as rows of `Piece` elements, to read.
    template <int Piece>
    SLIMFIT_HD constexpr kept<T, Piece> in_pieces() const requires(slimfit::falls_into_pieces<matrix_type, Piece>) {
      return {matrix.template in_pieces<Piece>()};
    }
    template <class F>
    constexpr decltype(auto) visit(F&& f) const {
      return f(*this);
    }
  };

  template <scalar T, int Width>
  static constexpr kept<T, Width> keep(arena& memory, index_t rows, category purpose,
                                       unit_state state = unit_state::active,
                                       stream_of<draws_random> const& random = unsaid_stream<draws_random>()) {
    return {stash::keep<S, T, Width>(memory, rows, purpose, state, random)};
  }
  template <scalar T, int Width>
  static constexpr void release(arena& memory, kept<T, Width> const& kept) {
    S::release(memory, kept.matrix);
  }
};

template <class Codebook>
struct checked_derivative {
  static_assert(format::storage_format<Codebook>,
                "slimfit: gelu_derivative<Codebook>: Codebook must be a storage format, e.g. "
                "format::gelu_derivative_codebook<4>");
};

}  // namespace detail

/// Keeps the function's input by the matrix stash `S`.
template <class S, activation_function Activation>
struct activation_input : private detail::checked_matrix_stash<S>,
                          detail::activation_matrix<S, detail::inputs_of<Activation>> {
  using input_stash = S;
};

/// Keeps GELU's input by the matrix stash `S`.
template <class S>
using gelu_input = activation_input<S, activation::gelu>;

/// Keeps the derivative of `Activation` in the format `Codebook`.
template <class Codebook, activation_function Activation>
struct activation_derivative : private detail::checked_derivative<Codebook>,
                               detail::activation_matrix<quantized<Codebook>, detail::derivatives> {};

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
