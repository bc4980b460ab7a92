// SPDX-License-Identifier: MIT
// Layer normalisation from its formula, in double.
#pragma once

#include <cmath>
#include <vector>

namespace slimfit::reference {

using matrix = std::vector<double>;

struct layer_norm_result {
  matrix output, xhat, mean, rstd;
};
inline layer_norm_result layer_norm(matrix const& x, matrix const& gamma, matrix const& beta, double epsilon) {
  std::size_t const width = gamma.size();
  std::size_t const rows = x.size() / width;
  layer_norm_result r{matrix(x.size()), matrix(x.size()), matrix(rows), matrix(rows)};
  for (std::size_t i = 0; i < rows; ++i) {
    double mean = 0;
    for (std::size_t j = 0; j < width; ++j) { mean += x[i * width + j] / static_cast<double>(width); }
    double variance = 0;
    for (std::size_t j = 0; j < width; ++j) {
      variance += std::pow(x[i * width + j] - mean, 2) / static_cast<double>(width);
    }
    r.mean[i] = mean;
    r.rstd[i] = 1 / std::sqrt(variance + epsilon);
    for (std::size_t j = 0; j < width; ++j) {
      r.xhat[i * width + j] = (x[i * width + j] - mean) * r.rstd[i];
      r.output[i * width + j] = r.xhat[i * width + j] * gamma[j] + beta[j];
    }
  }
  return r;
}

struct layer_norm_gradients {
  matrix input, gamma, beta;
};
/// From the Jacobian of a row: d xhat_j / d x_k = rstd ((j == k) - 1/n - xhat_j xhat_k / n).
inline layer_norm_gradients layer_norm_backward(layer_norm_result const& forward, matrix const& gamma,
                                                matrix const& dy) {
  std::size_t const width = gamma.size();
  std::size_t const rows = dy.size() / width;
  auto const n = static_cast<double>(width);
  layer_norm_gradients g{matrix(dy.size()), matrix(width), matrix(width)};
  for (std::size_t i = 0; i < rows; ++i) {
    double sum = 0;
    double dot = 0;
    for (std::size_t j = 0; j < width; ++j) {
      sum += dy[i * width + j] * gamma[j];
      dot += dy[i * width + j] * gamma[j] * forward.xhat[i * width + j];
    }
    for (std::size_t k = 0; k < width; ++k) {
      double const xhat = forward.xhat[i * width + k];
      g.input[i * width + k] = forward.rstd[i] * (dy[i * width + k] * gamma[k] - sum / n - xhat * dot / n);
      g.gamma[k] += dy[i * width + k] * xhat;
      g.beta[k] += dy[i * width + k];
    }
  }
  return g;
}

}  // namespace slimfit::reference
