// SPDX-License-Identifier: MIT
// The same products by oneDNN, which chooses its kernels by the processor's features. It is no BLAS of slimfit's.
#include <omp.h>

#include <dnnl.hpp>
#include <string>

#include "product_rates.hpp"

namespace sf = slimfit;

int main() {
  auto const with_threads = [](int threads, sf::index_t rows, sf::index_t columns, sf::index_t inner,
                               sf::operand<float> left, sf::operand<float> right, float* result) {
    omp_set_num_threads(threads);
    dnnl::sgemm(left.transposed ? 'T' : 'N', right.transposed ? 'T' : 'N', rows, columns, inner, 1.0F, left.data,
                left.stride, right.data, right.stride, 0.0F, result, columns);
  };
  auto const serial = [&](auto const&... arguments) { with_threads(1, arguments...); };
  auto const* version = dnnl::version();
  std::string const name = "oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
                           std::to_string(version->patch);
  bench::print_rates(name.c_str(), serial, with_threads);
}
