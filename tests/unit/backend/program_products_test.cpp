// SPDX-License-Identifier: MIT
// Products by a BLAS that the program gives: the numbers of the one that it is linked with, in every layout.
#include <doctest/doctest.h>
#include <slimfit/backend/host.hpp>

#include <vector>

#include "support/fixture.hpp"

using namespace slimfit;

extern "C" {
void sgemm_(char const*, char const*, int const*, int const*, int const*, float const*, float const*, int const*,
            float const*, int const*, float const*, float*, int const*);
void dgemm_(char const*, char const*, int const*, int const*, int const*, double const*, double const*, int const*,
            double const*, int const*, double const*, double*, int const*);
}

namespace {

int calls = 0;

template <class T>
void counted(char const* transpose_a, char const* transpose_b, int const* rows, int const* columns, int const* inner,
             T const* scale, T const* a, int const* a_stride, T const* b, int const* b_stride, T const* beta, T* c,
             int const* c_stride) {
  ++calls;
  if constexpr (std::is_same_v<T, float>) {
    sgemm_(transpose_a, transpose_b, rows, columns, inner, scale, a, a_stride, b, b_stride, beta, c, c_stride);
  } else {
    dgemm_(transpose_a, transpose_b, rows, columns, inner, scale, a, a_stride, b, b_stride, beta, c, c_stride);
  }
}
void other(char const* /*transpose_a*/, char const* /*transpose_b*/, int const* /*rows*/, int const* /*columns*/,
           int const* /*inner*/, float const* /*scale*/, float const* /*a*/, int const* /*a_stride*/,
           float const* /*b*/, int const* /*b_stride*/, float const* /*beta*/, float* /*c*/, int const* /*c_stride*/) {}

/// c (+)= a * b with rows further apart than they are wide, by the device and by loops.
template <class T>
void check(host const& device, bool a_transposed, bool b_transposed, update_mode mode) {
  constexpr index_t rows = 5;
  constexpr index_t columns = 7;
  constexpr index_t inner = 3;
  constexpr index_t stride = 9;
  auto const a_numbers = test::normal<T>(stride * stride, 1);
  auto const b_numbers = test::normal<T>(stride * stride, 2);
  auto c_numbers = test::normal<T>(rows * stride, 3);
  auto expected_numbers = c_numbers;
  T const* const a = a_numbers.data();
  T const* const b = b_numbers.data();
  T* const c = c_numbers.data();
  T* const expected = expected_numbers.data();
  for (index_t i = 0; i < rows; ++i) {
    for (index_t j = 0; j < columns; ++j) {
      T sum = mode == update_mode::accumulate ? expected[i * stride + j] : T{0};
      for (index_t k = 0; k < inner; ++k) {
        sum += (a_transposed ? a[k * stride + i] : a[i * stride + k]) *
               (b_transposed ? b[j * stride + k] : b[k * stride + j]);
      }
      expected[i * stride + j] = sum;
    }
  }
  device.multiply(rows, columns, inner, operand<T>{a, stride, a_transposed}, operand<T>{b, stride, b_transposed}, c,
                  stride, mode);
  for (index_t i = 0; i < rows * stride; ++i) { CHECK(c[i] == doctest::Approx(expected[i]).epsilon(1e-5)); }
}

}  // namespace

TEST_CASE("program_products: every layout, and one for all hosts") {
  host const before({.threads = 1});
  check<float>(before, false, true, update_mode::overwrite);
  CHECK(calls == 0);
  program_products const given{counted<float>, counted<double>};
  host const device({.threads = 1, .products = given});
  int made = 0;
  for (bool const a_transposed : {false, true}) {
    for (bool const b_transposed : {false, true}) {
      for (auto const mode : {update_mode::overwrite, update_mode::accumulate}) {
        check<float>(device, a_transposed, b_transposed, mode);
        check<double>(device, a_transposed, b_transposed, mode);
        CHECK(calls == (made += 2));
      }
    }
  }
  check<float>(before, false, false, update_mode::overwrite);  // there is one for the whole program
  CHECK(calls == made + 1);
  CHECK_NOTHROW(host({.threads = 1, .products = given}));
  CHECK_NOTHROW(host({.threads = 1}));
  CHECK_THROWS_AS(host({.threads = 1, .products = {other, nullptr}}), usage_error);
}
