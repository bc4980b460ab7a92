// SPDX-License-Identifier: MIT
// Dropout whose mask is a function of the element's number: drawn again in the backward pass, never stored.
#pragma once

#include <slimfit/core/percent.hpp>
#include <slimfit/core/sequences.hpp>
#include <slimfit/rows/random_tile.hpp>

namespace slimfit::kernels {

namespace detail {
template <class Rate>
struct checked_dropout {
  static_assert(ratio<Rate> && Rate::numerator < Rate::denominator,
                "slimfit: dropout<Rate>: Rate must be a percent below 100, e.g. percent<10>");
};
}  // namespace detail

/// The factor of each element of row `row`: 0 with probability `Rate`, else 1 / (1 - Rate).
template <class T, int Width, class Rate, lane_group Group>
SLIMFIT_HD inline tile<T, Width, Group> dropout_factors(Group group, random_stream const& stream, index_t row) {
  constexpr auto rate = static_cast<T>(Rate::value());
  constexpr auto factor = static_cast<T>(1 / (1 - Rate::value()));
  return map([](T u) { return u < rate ? T{} : factor; }, uniform_tile<T, Width>(group, stream, row));
}

/// One row: output = input * factors. The backward pass is the same kernel over gradients.
/// @tparam Rate probability that an element is dropped, e.g. `percent<10>`
template <int Width, scalar T, class Rate>
struct dropout : private detail::checked_dropout<Rate> {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T* output;  ///< may be `input`
  random_stream stream;
  row_numbers rows{};

  SLIMFIT_HD constexpr dropout(T const* from, T* to, random_stream const& numbers, row_numbers const& own = {})
      : input(from), output(to), stream(numbers), rows(own) {}

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const factors = dropout_factors<compute_type<T>, Width, Rate>(group, stream, rows.of(row));
    store(group, output + row * Width,
          map([](auto x, auto f) { return x * f; }, load<Width>(group, input + row * Width), factors));
  }
};

/// One row: output = addend + input * factors.
template <int Width, scalar T, class Rate>
struct add_dropped : private detail::checked_dropout<Rate> {
  static constexpr int width = Width;
  using scalar_type = T;

  T const* input;
  T const* addend;
  T* output;  ///< may be `addend`
  random_stream stream;
  row_numbers rows{};

  SLIMFIT_HD constexpr add_dropped(T const* from, T const* other, T* to, random_stream const& numbers,
                                   row_numbers const& own)
      : input(from), addend(other), output(to), stream(numbers), rows(own) {}

  template <lane_group Group>
  SLIMFIT_HD void operator()(Group group, index_t row) const {
    auto const factors = dropout_factors<compute_type<T>, Width, Rate>(group, stream, rows.of(row));
    store(group, output + row * Width,
          map([](auto x, auto f, auto a) { return a + x * f; }, load<Width>(group, input + row * Width), factors,
              load<Width>(group, addend + row * Width)));
  }
};

}  // namespace slimfit::kernels
