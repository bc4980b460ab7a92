// SPDX-License-Identifier: MIT
// AdamW and SGD from their formulas, one element after the other in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace reference {

struct adamw_settings {
  double learning_rate, beta1, beta2, epsilon, weight_decay;
  bool epsilon_before_correction, decay_first;
};

struct measured {
  double relative_update, gradient_norm;
};

inline measured measure(std::vector<double> const& before, std::vector<double> const& after,
                        std::vector<double> const& gradient) {
  double distance = 0;
  double square = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != 0) { distance += std::fabs(before[i] - after[i]) / std::fabs(before[i]); }
    square += gradient[i] * gradient[i];
  }
  return {distance / static_cast<double>(before.size()), std::sqrt(square)};
}

/// One parameter with its state.
struct adamw_parameter {
  std::vector<double> w, m, v;
  int steps = 0;

  explicit adamw_parameter(std::vector<double> weights) : w(std::move(weights)), m(w.size()), v(w.size()) {}

  measured step(adamw_settings const& s, std::vector<double> const& g, double factor) {
    auto const before = w;
    double const lr = s.learning_rate * factor;
    ++steps;
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = s.beta1 * m[i] + (1 - s.beta1) * g[i];
      v[i] = s.beta2 * v[i] + (1 - s.beta2) * g[i] * g[i];
      double const correction1 = 1 - std::pow(s.beta1, steps);
      double const correction2 = 1 - std::pow(s.beta2, steps);
      if (s.decay_first) { w[i] -= lr * s.weight_decay * w[i]; }
      if (s.epsilon_before_correction) {
        w[i] -= lr * std::sqrt(correction2) / correction1 * m[i] / (std::sqrt(v[i]) + s.epsilon);
      } else {
        w[i] -= lr * (m[i] / correction1) / (std::sqrt(v[i] / correction2) + s.epsilon);
      }
      if (!s.decay_first) { w[i] -= lr * s.weight_decay * w[i]; }
    }
    return measure(before, w, g);
  }
};

/// Codes of 8 bits from their definition, by search: magnitude `2^floor(c / 8) (1 + c % 8 / 8) - 1` of code `c`.
inline double code_magnitude(int code) { return std::ldexp(1.0 + (code % 8) / 8.0, code / 8) - 1.0; }

/// A block of moments as codes.
struct coded_block {
  double scale;
  std::vector<int> codes;  ///< negative ones for negative numbers

  [[nodiscard]] double value(std::size_t i) const {
    return (codes[i] < 0 ? -1 : 1) * code_magnitude(std::abs(codes[i])) * scale;
  }
};
/// @param last the largest code @param noise in [0, 1), of each number
inline coded_block encode_block(std::vector<double> const& numbers, int last, bool keeps_positive,
                                std::vector<double> const& noise) {
  double largest = std::ldexp(1.0, -90);
  for (auto const number : numbers) { largest = std::max(largest, std::fabs(number)); }
  coded_block result{largest / code_magnitude(last), {}};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    double const magnitude = std::fabs(numbers[i]) / result.scale;
    int code = 0;
    while (code < last && code_magnitude(code + 1) <= magnitude) { ++code; }
    double const fraction = (magnitude - code_magnitude(code)) / (code_magnitude(code + 1) - code_magnitude(code));
    if (code < last && fraction + noise[i] >= 1) { ++code; }
    if (keeps_positive && magnitude > 0) { code = std::max(code, 1); }
    result.codes.push_back(numbers[i] < 0 ? -code : code);
  }
  return result;
}

inline measured sgd_step(std::vector<double>& w, std::vector<double>& b, double lr, double momentum, double decay,
                         std::vector<double> const& g) {
  auto const before = w;
  for (std::size_t i = 0; i < w.size(); ++i) {
    b[i] = momentum * b[i] + g[i] + decay * w[i];
    w[i] -= lr * b[i];
  }
  return measure(before, w, g);
}

}  // namespace reference
