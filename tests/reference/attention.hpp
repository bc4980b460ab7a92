// SPDX-License-Identifier: MIT
// Softmax attention of one head and its gradients, from the formulas, in plain loops.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace slimfit::reference {

/// `tokens x size` matrices of one head.
struct head_result {
  std::vector<double> output, query_gradient, key_gradient, value_gradient;
};

inline head_result attention_head(std::vector<double> const& q, std::vector<double> const& k,
                                  std::vector<double> const& v, std::vector<double> const& output_gradient,
                                  std::size_t tokens, std::size_t size) {
  double const scale = 1 / std::sqrt(static_cast<double>(size));
  head_result r;
  r.output.assign(tokens * size, 0);
  r.query_gradient = r.key_gradient = r.value_gradient = r.output;
  for (std::size_t i = 0; i < tokens; ++i) {
    std::vector<double> p(tokens);
    double largest = -1e300;
    for (std::size_t j = 0; j < tokens; ++j) {
      for (std::size_t d = 0; d < size; ++d) { p[j] += scale * q[i * size + d] * k[j * size + d]; }
      largest = std::max(largest, p[j]);
    }
    double total = 0;
    for (auto& each : p) { total += each = std::exp(each - largest); }
    for (auto& each : p) { each /= total; }
    std::vector<double> dp(tokens);
    double dot = 0;
    for (std::size_t j = 0; j < tokens; ++j) {
      for (std::size_t d = 0; d < size; ++d) {
        r.output[i * size + d] += p[j] * v[j * size + d];
        dp[j] += output_gradient[i * size + d] * v[j * size + d];
        r.value_gradient[j * size + d] += p[j] * output_gradient[i * size + d];
      }
      dot += p[j] * dp[j];
    }
    for (std::size_t j = 0; j < tokens; ++j) {
      double const ds = scale * p[j] * (dp[j] - dot);
      for (std::size_t d = 0; d < size; ++d) {
        r.query_gradient[i * size + d] += ds * k[j * size + d];
        r.key_gradient[j * size + d] += ds * q[i * size + d];
      }
    }
  }
  return r;
}

}  // namespace slimfit::reference
