// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <slimfit/core/constant_math.hpp>
#include <slimfit/core/math.hpp>

#include "reference/gelu.hpp"

using namespace slimfit;

namespace {
constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

template <class F, class G>
double largest_error(double from, double to, double step, F f, G reference, bool relative = false) {
  double worst = 0;
  for (double x = from; x <= to; x += step) {
    auto const argument = static_cast<float>(x);
    double const expected = reference(static_cast<double>(argument));
    double const error = std::abs(static_cast<double>(f(argument)) - expected);
    worst = std::max(worst, relative ? error / std::abs(expected) : error);
  }
  return worst;
}
}  // namespace

TEST_CASE("exp is accurate to 2e-7 over the whole range of normal floats") {
  CHECK(largest_error(
            -87, 88, 1e-3, [](float x) { return math::exp(x); }, [](double x) { return std::exp(x); }, true) < 2e-7);
  CHECK(math::exp(0.0F) == 1.0F);
  CHECK(math::exp(inf) == inf);
  CHECK(math::exp(89.5F) == inf);
  CHECK(math::exp(-inf) == 0.0F);
  CHECK(std::isnan(math::exp(nan_value)));
  CHECK(math::exp(-95.0F) == doctest::Approx(std::exp(-95.0)));
}

TEST_CASE("tanh and the normal distribution function are accurate") {
  CHECK(largest_error(
            -12, 12, 1e-4, [](float x) { return math::tanh(x); }, [](double x) { return std::tanh(x); }) < 2e-7);
  CHECK(math::tanh(inf) == 1.0F);
  CHECK(math::tanh(-inf) == -1.0F);
  CHECK(std::isnan(math::tanh(nan_value)));
  CHECK(largest_error(
            -12, 12, 1e-4, [](float x) { return math::normal_cdf(x); },
            [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }) < 1.3e-7);
}

TEST_CASE("gelu and its derivative match the formula, for any argument") {
  CHECK(largest_error(
            -14, 4, 1e-4, [](float x) { return math::gelu(x); }, reference::gelu) < 3e-7);
  CHECK(largest_error(
            -14, 14, 1e-4, [](float x) { return math::gelu_derivative(x); }, reference::gelu_derivative) < 2e-7);
  for (double x = -9; x < 9; x += 0.01) {
    CHECK(math::gelu(x) == doctest::Approx(reference::gelu(x)).epsilon(1e-13));
    CHECK(math::gelu_derivative(x) == doctest::Approx(reference::gelu_derivative(x)).epsilon(1e-13));
    double const h = 1e-5;
    CHECK(std::abs((math::gelu(x + h) - math::gelu(x - h)) / (2 * h) - math::gelu_derivative(x)) < 1e-9);
  }
  CHECK(math::gelu(inf) == inf);
  CHECK(std::abs(math::gelu(-inf)) < 1e-30F);
  CHECK(std::abs(math::gelu(-1e30F)) < 1e-30F);
  CHECK(math::gelu(1e30F) == 1e30F);
  CHECK(math::gelu_derivative(inf) == 1.0F);
  CHECK(std::abs(math::gelu_derivative(-inf)) < 1e-30F);
  CHECK(std::isnan(math::gelu(nan_value)));
  CHECK(std::isnan(math::gelu_derivative(nan_value)));
  CHECK(std::isnan(math::gelu(static_cast<double>(nan_value))));
  CHECK(math::gelu(-std::numeric_limits<double>::infinity()) == 0.0);
}

TEST_CASE("rounding is to nearest even") {
  CHECK(math::round_to_even(0.5F) == 0.0F);
  CHECK(math::round_to_even(1.5F) == 2.0F);
  CHECK(math::round_to_even(-2.5) == -2.0);
  CHECK(math::round_to_byte(-1.0F) == 255);
  CHECK(math::round_to_byte(2.5) == 2);
  for (int const greatest : {1, 7, 255}) {
    for (double x = -3; x < 260; x += 0.125) {
      auto const wanted = static_cast<int>(std::clamp(std::nearbyint(x), 0.0, static_cast<double>(greatest)));
      REQUIRE(math::round_to_byte(x, greatest) == wanted);
      REQUIRE(math::round_to_byte(static_cast<float>(x), greatest) == wanted);
    }
    CHECK(math::round_to_byte(std::nanf(""), greatest) <= greatest);
  }
}

TEST_CASE("functions at compile time agree with the standard library") {
  static_assert(constant::exp(0) == 1.0);
  for (double x = -6; x < 6; x += 0.01) {
    CHECK(constant::exp(x) == doctest::Approx(std::exp(x)).epsilon(1e-12));
    CHECK(std::abs(constant::normal_cdf(x) - 0.5 * std::erfc(-x / std::sqrt(2.0))) < 1e-13);
    if (std::abs(x) < 4.5) { CHECK(std::abs(constant::erf(x) - std::erf(x)) < 1e-13); }
  }
}
