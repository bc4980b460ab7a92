// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <slimfit/format/fixed_point.hpp>
#include <slimfit/format/gelu_derivative.hpp>

#include "reference/gelu.hpp"
#include "support/fixture.hpp"

using namespace slimfit;

namespace {
/// Relative error of the gradient through GELU when dy is independent of z ~ N(0, deviation^2).
template <class Format, bool CodesInput = false>
double error_of_gradient(double deviation) {
  auto const z = test::normal<double>(200000, 7, 0, deviation);
  auto const dy = test::normal<double>(200000, 8);
  std::vector<double> exact(z.size());
  std::vector<double> coded(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    exact[i] = dy[i] * reference::gelu_derivative(z[i]);
    auto const code = Format::encode_value(CodesInput ? z[i] : reference::gelu_derivative(z[i]));
    double const kept = Format::template decode_value<double>(code & ((1 << Format::bits) - 1));
    coded[i] = dy[i] * (CodesInput ? reference::gelu_derivative(kept) : kept);
  }
  return test::relative_error(coded, exact);
}

template <int Bits, class Function>
constexpr bool is_what_the_compiler_finds(format::codebook<Bits, Function> /*book*/) {
  constexpr auto found = format::detail::lloyd_levels<(1 << Bits)>(format::detail::distribution<Function>);
  return found.levels == format::codebook<Bits, Function>::levels &&
         found.thresholds == format::codebook<Bits, Function>::thresholds;
}
static_assert(is_what_the_compiler_finds(format::gelu_derivative_codebook<4>{}));
static_assert(is_what_the_compiler_finds(format::gelu_derivative_codebook<3>{}));
static_assert(is_what_the_compiler_finds(format::gelu_derivative_codebook<2>{}));
}  // namespace

TEST_CASE("Lloyd levels of GELU's derivative have the errors that were measured before") {
  using format::gelu_derivative_codebook;
  CHECK(error_of_gradient<gelu_derivative_codebook<4>>(1) < 0.0335);
  CHECK(error_of_gradient<gelu_derivative_codebook<3>>(1) < 0.066);
  CHECK(error_of_gradient<gelu_derivative_codebook<2>>(1) < 0.134);
  CHECK(error_of_gradient<gelu_derivative_codebook<4>>(0.7) < 0.038);
  CHECK(error_of_gradient<gelu_derivative_codebook<4>>(2) < 0.032);
  // The paper's 4-bit code of the input is more than three times worse.
  CHECK(error_of_gradient<format::fixed_point<2, 1>, true>(1) == doctest::Approx(0.112).epsilon(0.03));
}

TEST_CASE("levels are a fixed point of Lloyd's iteration, symmetric about one half") {
  using book = format::gelu_derivative_codebook<3>;
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(static_cast<double>(book::levels[i] + book::levels[7 - i]) == doctest::Approx(1).epsilon(3e-3));
    double sum = 0;
    double weight = 0;
    for (double z = -8; z < 8; z += 1e-4) {
      double const d = reference::gelu_derivative(z);
      if (book::encode_value(d) == i) {
        sum += d * std::exp(-z * z / 2);
        weight += std::exp(-z * z / 2);
      }
    }
    CHECK(std::abs(sum / weight - static_cast<double>(book::levels[i])) < 2e-3);
  }
}

TEST_CASE("a value takes the nearest level") {
  using book = format::gelu_derivative_codebook<4>;
  for (double d = -0.2; d < 1.2; d += 1e-3) {
    double best = 1e9;
    for (float const level : book::levels) { best = std::min(best, std::abs(d - static_cast<double>(level))); }
    CHECK(std::abs(book::decode_value<double>(book::encode_value(d)) - d) <= best + 1e-7);
  }
}

namespace {
struct square {
  constexpr double operator()(double z) const { return z * z; }
};
}  // namespace

TEST_CASE("a polynomial gives the codes of all values, where thresholds are symmetric") {
  auto const check = []<int Bits>(std::integral_constant<int, Bits>) {
    using book = format::gelu_derivative_codebook<Bits>;
    constexpr auto polynomial = book::polynomial;
    CHECK(polynomial.exists);
    for (int i = 0; i <= 100000; ++i) {
      double const distance = polynomial.limit * (i - 50000.2) / 50000.2;
      double const code = std::ceil(polynomial(distance)) + book::count / 2 - 1;
      REQUIRE(code == static_cast<double>(book::encode_value(polynomial.middle + distance)));
    }
  };
  check(std::integral_constant<int, 4>{});
  check(std::integral_constant<int, 3>{});
  check(std::integral_constant<int, 2>{});
  CHECK_FALSE(format::codebook<3, square>::polynomial.exists);
  CHECK_FALSE(format::gelu_derivative_codebook<1>::polynomial.exists);
}
