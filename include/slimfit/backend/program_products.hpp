// SPDX-License-Identifier: MIT
// Matrix products by a BLAS that the program has already: its functions, as pointers. So that a library inside another
// framework's process needs no second BLAS, neither when it is compiled nor beside the framework's.
#pragma once

#include <type_traits>

#include <slimfit/core/error.hpp>
#include <slimfit/core/matrix_product.hpp>

namespace slimfit {

/// `sgemm_` or `dgemm_` as every BLAS has it for Fortran: column-major, with integers of 32 bits.
template <class T>
using fortran_product = void(char const* transpose_a, char const* transpose_b, int const* rows, int const* columns,
                             int const* inner, T const* scale, T const* a, int const* a_stride, T const* b,
                             int const* b_stride, T const* beta, T* c, int const* c_stride);

/// Products of the program; null functions: those that the program was linked with.
struct program_products {
  fortran_product<float>* of_float = nullptr;
  fortran_product<double>* of_double = nullptr;

  friend bool operator==(program_products const&, program_products const&) = default;
};

namespace detail {

/// One for the whole program, because products run on threads that know no backend.
inline program_products given_products{};

/// @throws usage_error where the program has given others before
inline void use_products(program_products const& products) {
  if (products == program_products{} || products == given_products) { return; }
  if (given_products != program_products{}) {
    raise<usage_error>("host_options", "products differ from those of a host before; give all hosts the same");
  }
  given_products = products;
}

template <class T>
fortran_product<T>* given_product() {
  if constexpr (std::is_same_v<T, float>) {
    return given_products.of_float;
  } else {
    return given_products.of_double;
  }
}

/// `c = scale * a * b + beta * c` of row-major matrices: the column-major product of the transposed ones.
template <class T>
void multiply_fortran(fortran_product<T>* product, index_t rows, index_t columns, index_t inner, T scale, operand<T> a,
                      operand<T> b, T beta, T* c, index_t c_stride) {
  auto const narrow = [](index_t n) { return static_cast<int>(n); };
  char const a_transposed = a.transposed ? 'T' : 'N';
  char const b_transposed = b.transposed ? 'T' : 'N';
  int const m = narrow(columns);
  int const n = narrow(rows);
  int const k = narrow(inner);
  int const a_stride = narrow(a.stride);
  int const b_stride = narrow(b.stride);
  int const stride = narrow(c_stride);
  product(&b_transposed, &a_transposed, &m, &n, &k, &scale, b.data, &b_stride, a.data, &a_stride, &beta, c, &stride);
}

}  // namespace detail

}  // namespace slimfit
