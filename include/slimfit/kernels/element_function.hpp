// SPDX-License-Identifier: MIT
// A function of several numbers, element by element: a row of `inputs` parts, each as wide as the result, becomes one
// row. Gates of feed-forward layers are such functions, see layers/element_layer.hpp.
#pragma once

#include <concepts>
#include <utility>

#include <slimfit/core/matrix_product.hpp>
#include <slimfit/rows/tile.hpp>

namespace slimfit {

/// What an element function's `gradients` gives: the gradient of each of its arguments.
template <class T, int Count>
struct element_gradients {
  T values[static_cast<std::size_t>(Count)];
};

namespace detail {
template <class F, class T>
constexpr bool is_element_function() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return requires(T y) {
      { F::value((static_cast<void>(I), y)...) } -> std::same_as<T>;
      { F::gradients((static_cast<void>(I), y)..., y) } -> std::same_as<element_gradients<T, F::inputs>>;
    };
  }
  (std::make_index_sequence<static_cast<std::size_t>(F::inputs)>{});
}
}  // namespace detail

/// `F::inputs` arguments x...; `F::value(x...)` and `F::gradients(x..., dy)`, of `float` and of `double`, callable on
/// devices (SLIMFIT_HD); `F::name`, for records of memory.
template <class F>
concept element_function = requires {
  { F::name } -> std::convertible_to<char const*>;
  { F::inputs } -> std::convertible_to<int>;
  requires F::inputs >
  0;
  requires detail::is_element_function<F, float>() && detail::is_element_function<F, double>();
};

namespace kernels {

/// One row: output = Function::value(parts of the input...); saves the parts, each as a row of its own.
/// @tparam Kept view of a matrix stash for rows of `Width`, or of `stash::none`
template <element_function Function, int Width, scalar T, class Kept>
struct element_function_forward {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;  ///< rows x (Function::inputs * Width)
  T* output;       ///< rows x Width; may be `input` where there is one part
  Kept kept;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    from_parts(group, row, std::make_integer_sequence<int, Function::inputs>{});
  }

  template <lane_group Group, int... I>
  SLIMFIT_HD void from_parts(Group group, index_t row, std::integer_sequence<int, I...> /*parts*/) const {
    index_t const first = row * Function::inputs;
    decltype(load<Width>(group, input)) const x[]{load<Width>(group, input + (first + I) * Width)...};
    (kept.save(group, first + I, x[I]), ...);
    store(group, output + row * Width, map([](auto... values) { return Function::value(values...); }, x[I]...));
  }
};

/// One row: input_gradient (+)= Function::gradients(parts of the input..., output_gradient).
/// @tparam Kept view that restores the parts
template <element_function Function, int Width, scalar T, class Kept>
struct element_function_backward {
  static constexpr int width = Width;
  using scalar_type = T;

  Kept kept;
  T const* output_gradient;  ///< rows x Width
  T* input_gradient;         ///< rows x (Function::inputs * Width); may be `output_gradient` where there is one part
  update_mode mode;

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    to_parts(group, row, std::make_integer_sequence<int, Function::inputs>{});
  }

  template <lane_group Group, int... I>
  SLIMFIT_HD void to_parts(Group group, index_t row, std::integer_sequence<int, I...> /*parts*/) const {
    index_t const first = row * Function::inputs;
    auto const upstream = load<Width>(group, output_gradient + row * Width);
    using tile_type = std::remove_cv_t<decltype(upstream)>;
    tile_type parts[]{kept.restore(group, first + I)...};
    SLIMFIT_SIMD()
    for (int slot = 0; slot < tile_type::slots; ++slot) {
      auto const found = Function::gradients(parts[I].values[slot]..., upstream.values[slot]);
      ((parts[I].values[slot] = found.values[I]), ...);
    }
    (put(group, input_gradient + (first + I) * Width, parts[I]), ...);
  }
  template <lane_group Group, class Tile>
  SLIMFIT_HD void put(Group group, T* target, Tile const& values) const {
    if (mode == update_mode::accumulate) {
      store(group, target, map([](auto a, auto b) { return a + b; }, values, load<Width>(group, target)));
    } else {
      store(group, target, values);
    }
  }
};

/// Rows of the output, made again from the parts that `Kept` restores.
template <element_function Function, int Width, scalar T, class Kept>
struct element_function_output {
  static constexpr bool restores = true;

  Kept kept;

  template <lane_group Group>
  SLIMFIT_HD auto restore(Group group, index_t row) const {
    return from_parts(group, row * Function::inputs, std::make_integer_sequence<int, Function::inputs>{});
  }
  template <lane_group Group, int... I>
  SLIMFIT_HD auto from_parts(Group group, index_t first, std::integer_sequence<int, I...> /*parts*/) const {
    return map([](auto... values) { return Function::value(values...); }, kept.restore(group, first + I)...);
  }
  template <class Body>
  constexpr void visit(Body const& body) const {
    body(*this);
  }
};

}  // namespace kernels

}  // namespace slimfit
