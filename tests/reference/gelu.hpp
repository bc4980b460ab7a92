// SPDX-License-Identifier: MIT
// GELU from its formula, in double.
#pragma once

#include <cmath>

namespace slimfit::reference {

inline double gelu(double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }
inline double gelu_derivative(double x) {
  double const pi = std::acos(-1.0);
  return 0.5 * std::erfc(-x / std::sqrt(2.0)) + x * std::exp(-x * x / 2) / std::sqrt(2 * pi);
}

}  // namespace slimfit::reference
