// SPDX-License-Identifier: MIT
// How fast the BLAS that the program runs with multiplies matrices, and whether bits depend on the number of threads.
#include <slimfit/backend/host.hpp>

#include "product_rates.hpp"

namespace sf = slimfit;

int main() {
  auto const serial = [](sf::index_t rows, sf::index_t columns, sf::index_t inner, sf::operand<float> left,
                         sf::operand<float> right, float* result) {
    sf::host::multiply_serial<float, float, float>(rows, columns, inner, 1.0F, left, right, result, columns,
                                                   sf::update_mode::overwrite);
  };
  auto const with_threads = [](int threads, sf::index_t rows, sf::index_t columns, sf::index_t inner,
                               sf::operand<float> left, sf::operand<float> right, float* result) {
    sf::host const device({.threads = threads});
    device.multiply<float>(rows, columns, inner, left, right, result, columns);
  };
  bench::print_rates(name_of(sf::host::products()).c_str(), serial, with_threads);
}
