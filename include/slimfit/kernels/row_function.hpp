// SPDX-License-Identifier: MIT
// A function of a row and of one weight per feature, forward and backward: normalisations, scales and whatever a
// program thinks of, see layers/row_layer.hpp.
#pragma once

#include <slimfit/core/matrix_product.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit {

/// What a row function's `gradients` gives: of the row, and the row's part of that of the weight.
template <class Tile>
struct row_gradients {
  Tile input;
  Tile weight;
};

namespace kernels {

/// One row: output = Function::value(input, weight); saves the input.
/// @tparam Kept view of a matrix stash, or of `stash::none`
template <class Function, int Width, scalar T, class Kept>
struct row_function_forward {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T const* weight;
  T* output;  ///< may be `input`
  Kept kept;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const x = load<Width>(group, input + row * Width);
    kept.save(group, row, x);
    store(group, output + row * Width, Function::value(group, x, load<Width>(group, weight)));
  }
};

/// One row: input_gradient (+)= what `Function::gradients` gives for the row, products = what it gives for the weight.
/// @tparam Kept view of a matrix stash; where it restores nothing the function is given zeros
template <class Function, int Width, scalar T, class Kept>
struct row_function_backward {
  static constexpr int width = Width;
  using scalar_type = T;

  Kept kept;
  T const* weight;
  T const* output_gradient;
  T* input_gradient;  ///< may be `output_gradient`
  T* products;        ///< null: the weight is not trained
  update_mode mode;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const upstream = load<Width>(group, output_gradient + row * Width);
    auto x = map([](auto g) { return decltype(g){}; }, upstream);
    if constexpr (Kept::restores) { x = kept.restore(group, row); }
    auto found = Function::gradients(group, x, load<Width>(group, weight), upstream);
    if (products != nullptr) { store(group, products + row * Width, found.weight); }
    if (mode == update_mode::accumulate) {
      found.input =
          map([](auto a, auto b) { return a + b; }, found.input, load<Width>(group, input_gradient + row * Width));
    }
    store(group, input_gradient + row * Width, found.input);
  }
};

/// Rows of the output, made again from the input that `Kept` restores.
template <class Function, int Width, scalar T, class Kept>
struct row_function_output {
  static constexpr bool restores = true;

  Kept kept;
  T const* weight;

  template <lane_group Group>
  SLIMFIT_HD auto restore(Group group, index_t row) const {
    return Function::value(group, kept.restore(group, row), load<Width>(group, weight));
  }
  template <class Body>
  constexpr void visit(Body const& body) const {
    body(*this);
  }
};

}  // namespace kernels

}  // namespace slimfit
