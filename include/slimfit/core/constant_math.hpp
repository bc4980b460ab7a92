// SPDX-License-Identifier: MIT
// Exponential and Gaussian functions that run at compile time, where <cmath> does not: number formats compute their
// levels with them. Double accuracy near 1e-15, few steps (compilers bound constant evaluation), not for run time.
#pragma once

#include <slimfit/core/config.hpp>

namespace slimfit::constant {

/// e^x by its series after halving the argument until it is small.
constexpr double exp(double x) {
  int halvings = 0;
  while (x > 0.125 || x < -0.125) {
    x *= 0.5;
    ++halvings;
  }
  double sum = 1;
  for (int k = 9; k >= 1; --k) { sum = 1 + x / k * sum; }
  for (; halvings > 0; --halvings) { sum *= sum; }
  return sum;
}

/// Square root of a number that is not negative, by Newton's iteration from above.
constexpr double sqrt(double x) {
  if (x <= 0) { return 0; }
  double root = x > 1 ? x : 1;
  for (double next = 0.5 * (root + x / root); next < root; next = 0.5 * (root + x / root)) { root = next; }
  return root;
}

/// Density of N(0, 1).
constexpr double gaussian(double x) { return 0.39894228040143267794 * exp(-0.5 * x * x); }

/// Distribution function of N(0, 1): 1/2 + phi(x) (x + x^3/3 + x^5/15 + ...); for |x| <= 7.
constexpr double normal_cdf(double x) {
  double term = x;
  double sum = x;
  for (int k = 3; term > 1e-17 || term < -1e-17; k += 2) {
    term *= x * x / k;
    sum += term;
  }
  return 0.5 + gaussian(x) * sum;
}

/// Error function; for |x| <= 4.9.
constexpr double erf(double x) { return 2 * normal_cdf(x * 1.41421356237309504880) - 1; }

}  // namespace slimfit::constant
