// SPDX-License-Identifier: MIT
// Matrix products of the host on the calling thread: a CBLAS for float and double. Of bf16, which no CBLAS must have,
// blocks that fit the cache are turned into float and multiplied there.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstring>
#include <type_traits>

#include <slimfit/backend/program_products.hpp>
#include <slimfit/backend/serial_blas.hpp>
#include <slimfit/core/matrix_product.hpp>
#include <slimfit/core/scalar.hpp>

namespace slimfit {

namespace detail {

/// `c = scale * a * b + beta * c`
template <class T>
void multiply_blas(index_t rows, index_t columns, index_t inner, T scale, operand<T> a, operand<T> b, T beta, T* c,
                   index_t c_stride) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  [[maybe_unused]] serial_blas_scope const serial;
  if (auto* const given = given_product<T>()) {
    multiply_fortran(given, rows, columns, inner, scale, a, b, beta, c, c_stride);
    return;
  }
#if defined(SLIMFIT_WITHOUT_CBLAS)
  raise<usage_error>("host_options", "products lack a function for these numbers, expected the program's BLAS");
#else
  auto const transpose = [](operand<T> const& x) { return x.transposed ? CblasTrans : CblasNoTrans; };
  auto const narrow = [](index_t n) { return static_cast<int>(n); };
  if constexpr (std::is_same_v<T, float>) {
    cblas_sgemm(CblasRowMajor, transpose(a), transpose(b), narrow(rows), narrow(columns), narrow(inner), scale, a.data,
                narrow(a.stride), b.data, narrow(b.stride), beta, c, narrow(c_stride));
  } else {
    cblas_dgemm(CblasRowMajor, transpose(a), transpose(b), narrow(rows), narrow(columns), narrow(inner), scale, a.data,
                narrow(a.stride), b.data, narrow(b.stride), beta, c, narrow(c_stride));
  }
#endif
}

template <class From, class To>
void convert_rows(From const* source, index_t source_stride, To* target, index_t target_stride, index_t rows,
                  index_t columns) {
  for (index_t row = 0; row < rows; ++row) {
    From const* const from = source + row * source_stride;
    To* const to = target + row * target_stride;
    SLIMFIT_SIMD()
    for (index_t i = 0; i < columns; ++i) { to[i] = static_cast<To>(static_cast<float>(from[i])); }
  }
}

/// The part of `x` of `rows x columns` from (row, column) on as float, in `block`.
template <class T>
operand<float> block_in_float(operand<T> const& x, index_t row, index_t column, index_t rows, index_t columns,
                              float* block) {
  if (x.transposed) {
    convert_rows(x.data + column * x.stride + row, x.stride, block, rows, columns, rows);
    return {block, rows, true};
  }
  convert_rows(x.data + row * x.stride + column, x.stride, block, columns, rows, columns);
  return {block, columns, false};
}

/// Sums are in float; results are rounded once for each call.
template <class A, class B, class C>
void multiply_in_float(index_t rows, index_t columns, index_t inner, float scale, operand<A> a, operand<B> b, C* c,
                       index_t c_stride, update_mode mode) {
  // The stack holds 320 KiB of them.
  constexpr index_t block = 128;
  constexpr index_t inner_block = 256;
  alignas(64) float a_block[block * inner_block];
  alignas(64) float b_block[inner_block * block];
  alignas(64) float sums[block * block];
  for (index_t column = 0; column < columns; column += block) {
    index_t const width = std::min(block, columns - column);
    for (index_t row = 0; row < rows; row += block) {
      index_t const height = std::min(block, rows - row);
      C* const result = c + row * c_stride + column;
      if (mode == update_mode::accumulate) { convert_rows(result, c_stride, sums, width, height, width); }
      for (index_t first = 0; first < inner; first += inner_block) {
        index_t const depth = std::min(inner_block, inner - first);
        float const beta = first > 0 || mode == update_mode::accumulate ? 1.0F : 0.0F;
        multiply_blas(height, width, depth, scale, block_in_float(a, row, first, height, depth, a_block),
                      block_in_float(b, first, column, depth, width, b_block), beta, sums, width);
      }
      convert_rows(sums, width, result, c_stride, height, width);
    }
  }
}

/// `c = scale * a * b` or `c += scale * a * b`, on the calling thread.
template <scalar A, scalar B, scalar C>
void multiply_on_thread(index_t rows, index_t columns, index_t inner, compute_type<C> scale, operand<A> a, operand<B> b,
                        C* c, index_t c_stride, update_mode mode) {
  if constexpr (std::same_as<A, B> && std::same_as<A, C> && !std::same_as<C, bf16>) {
    multiply_blas(rows, columns, inner, scale, a, b, mode == update_mode::accumulate ? C{1} : C{0}, c, c_stride);
  } else {
    static_assert(!std::same_as<A, double> && !std::same_as<B, double> && !std::same_as<C, double>,
                  "slimfit: the host backend multiplies matrices of bf16 and float with one another, and of double; "
                  "use another scalar type");
    multiply_in_float(rows, columns, inner, scale, a, b, c, c_stride, mode);
  }
}

}  // namespace detail

}  // namespace slimfit
