// SPDX-License-Identifier: MIT
// The code of a value by arithmetic: a polynomial that passes through whole numbers at a codebook's thresholds, rounded
// up. A device evaluates it in half the instructions of a search among as many thresholds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <slimfit/core/config.hpp>

namespace slimfit::format::detail {

/// Of a codebook whose thresholds lie evenly around the one in the middle: odd in the distance from it, so that as many
/// terms do as there are thresholds on one side. Rounded up, its value is 1 for the first code above the middle, 0 for
/// the last one below.
/// @tparam Count codes, a power of two
template <int Count>
struct code_polynomial {
  static constexpr auto terms = static_cast<std::size_t>(Count / 2 - 1);
  std::array<double, terms + 1> coefficients{};  ///< of u, u^3, u^5, ..., and one more that is zero
  double middle = 0;
  double limit = 0;  ///< a distance that has the last code, as all larger ones
  bool exists = false;

  [[nodiscard]] constexpr double operator()(double distance) const {
    double value = 0;
    for (std::size_t i = terms; i-- > 0;) { value = value * (distance * distance) + coefficients[i]; }
    return value * distance;
  }
};

/// Newton's interpolation of k / u_k at the squares of the distances u_k, expanded.
template <std::size_t Terms>
constexpr std::array<double, Terms + 1> odd_coefficients(std::array<double, Terms + 1> const& distances) {
  std::array<double, Terms + 1> differences{};
  for (std::size_t k = 0; k < Terms; ++k) { differences[k] = static_cast<double>(k + 1) / distances[k]; }
  auto const square = [&](std::size_t k) { return distances[k] * distances[k]; };
  for (std::size_t order = 1; order < Terms; ++order) {
    for (std::size_t k = Terms - 1; k >= order; --k) {
      differences[k] = (differences[k] - differences[k - 1]) / (square(k) - square(k - order));
    }
  }
  std::array<double, Terms + 1> result{};
  for (std::size_t k = Terms; k-- > 0;) {  // result = result * (x - square(k)) + differences[k]
    for (std::size_t i = Terms; i-- > 1;) { result[i] = result[i - 1] - square(k) * result[i]; }
    result[0] = differences[k] - square(k) * result[0];
  }
  return result;
}

/// The polynomial of a codebook, which exists if it gives the codes of all values: thresholds are symmetric, and
/// between them it stays between whole numbers.
template <int Count>
constexpr code_polynomial<Count> polynomial_through(std::array<float, static_cast<std::size_t>(Count)> const& levels,
                                                    std::array<float, static_cast<std::size_t>(Count - 1)> const& at) {
  using polynomial = code_polynomial<Count>;
  constexpr std::size_t terms = polynomial::terms;
  polynomial result;
  result.middle = static_cast<double>(at[terms]);
  result.limit = 0.5 * static_cast<double>(levels.back() + at.back()) - result.middle;
  std::array<double, terms + 1> distances{};
  bool symmetric = true;
  for (std::size_t k = 0; k < terms; ++k) {
    distances[k] = static_cast<double>(at[terms + 1 + k]) - result.middle;
    double const below = result.middle - static_cast<double>(at[terms - 1 - k]);
    symmetric = symmetric && distances[k] - below < 1e-6 && below - distances[k] < 1e-6;
  }
  if (terms == 0 || !symmetric) { return result; }
  result.coefficients = odd_coefficients<terms>(distances);
  result.exists = true;
  std::size_t code = 0;
  for (int i = 1; i <= 1000; ++i) {
    double const distance = result.limit * i / 1000;
    while (code < terms && distance > distances[code]) { ++code; }
    double const value = result(distance) - static_cast<double>(code);
    result.exists = result.exists && value > -1e-6 && value < (code == terms ? 0.5 : 1 + 1e-6);
  }
  return result;
}

template <class Book, std::size_t I>
inline constexpr auto code_coefficient = static_cast<float>(Book::polynomial.coefficients[I]);

#if defined(__CUDA_ARCH__)
/// The polynomial's factor of the distance, from term `I` on. Coefficients are constants in instructions.
template <class Book, std::size_t I>
__device__ inline float factor_from(float square) {
  if constexpr (I + 1 == Book::polynomial.terms) {
    return code_coefficient<Book, I>;
  } else {
    return fmaf(factor_from<Book, I + 1>(square), square, code_coefficient<Book, I>);
  }
}
/// The code of `value`, of which NaN has the lowest. @tparam Book has the `polynomial`
template <class Book>
inline __device__ std::uint32_t code_by_polynomial(float value) {
  constexpr auto middle = static_cast<float>(Book::polynomial.middle);
  constexpr auto limit = static_cast<float>(Book::polynomial.limit);
  float const distance = fminf(fmaxf(value - middle, -limit), limit);
  float const factor = factor_from<Book, 0>(distance * distance);
  // A sum this large has no fraction: rounded up, it has the code in its lowest bits.
  return __float_as_uint(__fmaf_ru(factor, distance, 8388608.0F + static_cast<float>(Book::polynomial.terms)));
}
#endif

}  // namespace slimfit::format::detail
