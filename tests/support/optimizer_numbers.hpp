// SPDX-License-Identifier: MIT
// Numbers that tests give an optimizer and its reference, and comparisons of what both make of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include <slimfit/core/scalar.hpp>

namespace slimfit::testing {

template <class T>
struct numbers {
  std::vector<T> values;
  std::vector<double> exact;

  numbers(index_t count, unsigned seed, double scale, bool zeros = false) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal(0.0, scale);
    for (index_t i = 0; i < count; ++i) {
      auto const value = zeros && i % 3 == 0 ? T{} : static_cast<T>(static_cast<float>(normal(generator)));
      values.push_back(value);
      exact.push_back(static_cast<double>(static_cast<compute_type<T>>(value)));
    }
  }
};

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class T>
double worst_error(std::vector<T> const& values, std::vector<double> const& exact) {
  double worst = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    double const value = static_cast<double>(values[i]);
    worst = std::max(worst, std::fabs(value - exact[i]) / std::max(1e-3, std::fabs(exact[i])));
  }
  return worst;
}

}  // namespace slimfit::testing
