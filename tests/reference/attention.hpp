// SPDX-License-Identifier: MIT
// Softmax attention of one head and its gradients, from the formulas, in plain loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace slimfit::reference {

/// Extents of one head, and what it does beside the plain formula.
struct head_shape {
  std::size_t tokens;
  std::size_t size;
  std::size_t keys = std::numeric_limits<std::size_t>::max();  ///< valid ones, from the first on
  std::vector<double> factors{};                               ///< of each probability (dropout); empty: all 1

  [[nodiscard]] std::size_t valid() const { return std::min(keys, tokens); }
  [[nodiscard]] double factor(std::size_t query, std::size_t key) const {
    return factors.empty() ? 1 : factors[query * tokens + key];
  }
};

/// `tokens x tokens` probabilities; those of keys that are not valid are 0.
struct head_forward {
  std::vector<double> output, probabilities, log_sums;
};

/// scale * q . k
inline double attention_score(std::vector<double> const& q, std::vector<double> const& k, std::size_t query,
                              std::size_t key, std::size_t size) {
  double sum = 0;
  for (std::size_t d = 0; d < size; ++d) { sum += q[query * size + d] * k[key * size + d]; }
  return sum / std::sqrt(static_cast<double>(size));
}

inline head_forward attention_forward(std::vector<double> const& q, std::vector<double> const& k,
                                      std::vector<double> const& v, head_shape const& shape) {
  auto const [n, size] = std::pair{shape.tokens, shape.size};
  head_forward r{std::vector<double>(n * size), std::vector<double>(n * n), std::vector<double>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    double* const p = r.probabilities.data() + i * n;
    double largest = -1e300;
    for (std::size_t j = 0; j < shape.valid(); ++j) {
      largest = std::max(largest, p[j] = attention_score(q, k, i, j, size));
    }
    double total = 0;
    for (std::size_t j = 0; j < shape.valid(); ++j) { total += p[j] = std::exp(p[j] - largest); }
    r.log_sums[i] = largest + std::log(total);
    for (std::size_t j = 0; j < shape.valid(); ++j) {
      p[j] /= total;
      for (std::size_t d = 0; d < size; ++d) { r.output[i * size + d] += p[j] * shape.factor(i, j) * v[j * size + d]; }
    }
  }
  return r;
}

/// exp(score - log_sum): the probabilities as the backward pass rebuilds them from operands that may have been coded.
inline std::vector<double> rebuilt_probabilities(std::vector<double> const& q, std::vector<double> const& k,
                                                 std::vector<double> const& log_sums, head_shape const& shape) {
  std::vector<double> p(shape.tokens * shape.tokens);
  for (std::size_t i = 0; i < shape.tokens; ++i) {
    for (std::size_t j = 0; j < shape.valid(); ++j) {
      p[i * shape.tokens + j] = std::exp(attention_score(q, k, i, j, shape.size) - log_sums[i]);
    }
  }
  return p;
}

/// `tokens x size` matrices of one head.
struct head_gradients {
  std::vector<double> query, key, value;
};

inline head_gradients attention_backward(std::vector<double> const& q, std::vector<double> const& k,
                                         std::vector<double> const& v, std::vector<double> const& probabilities,
                                         std::vector<double> const& output_gradient, head_shape const& shape) {
  auto const [n, size] = std::pair{shape.tokens, shape.size};
  double const scale = 1 / std::sqrt(static_cast<double>(size));
  head_gradients r;
  r.query = r.key = r.value = std::vector<double>(n * size);
  for (std::size_t i = 0; i < n; ++i) {
    double const* const p = probabilities.data() + i * n;
    std::vector<double> dp(n);
    double dot = 0;
    for (std::size_t j = 0; j < shape.valid(); ++j) {
      double const factor = shape.factor(i, j);
      for (std::size_t d = 0; d < size; ++d) {
        dp[j] += factor * output_gradient[i * size + d] * v[j * size + d];
        r.value[j * size + d] += p[j] * factor * output_gradient[i * size + d];
      }
      dot += p[j] * dp[j];
    }
    for (std::size_t j = 0; j < shape.valid(); ++j) {
      double const ds = scale * p[j] * (dp[j] - dot);
      for (std::size_t d = 0; d < size; ++d) {
        r.query[i * size + d] += ds * k[j * size + d];
        r.key[j * size + d] += ds * q[i * size + d];
      }
    }
  }
  return r;
}

}  // namespace slimfit::reference
