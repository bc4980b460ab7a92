// SPDX-License-Identifier: MIT
// GFLOP/s of matrix products on one thread, in shapes of training, and whether the bits of a result depend on how its
// rows are cut or on the number of threads. Seconds are the thread's own, not those of the clock.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <slimfit/core/matrix_product.hpp>
#include <vector>

namespace bench {

namespace sf = slimfit;

/// A product of matrices of float, `rows x inner` and `inner x columns`.
struct product_shape {
  char const* name;
  sf::index_t rows, columns, inner;
  bool left_transposed, right_transposed;
};
inline constexpr std::array<product_shape, 8> product_shapes{
    {{"ViT-B, forward, 768 to 768", 800, 768, 768, false, true},
     {"ViT-B, forward, 3072 to 768", 800, 768, 3072, false, true},
     {"ViT-B, gradient of inputs", 800, 768, 768, false, false},
     {"ViT-B, gradient of weights", 768, 768, 6304, true, false},
     {"ViT-B, scores of a head", 197, 197, 64, false, true},
     {"quickstart, 48 to 48", 1568, 48, 48, false, true},
     {"quickstart, 48 to 192", 1568, 192, 48, false, true},
     {"a block of bf16", 128, 128, 256, false, true}}};

/// The operands of a product, and its result.
class product {
 public:
  explicit product(product_shape const& shape)
      : shape_(shape),
        left_(numbers(shape.rows * shape.inner)),
        right_(numbers(shape.inner * shape.columns)),
        result_(static_cast<std::size_t>(shape.rows * shape.columns)) {}

  /// Rows [first, first + rows) of the result.
  template <class Multiply>
  void compute_rows(Multiply const& multiply, sf::index_t first, sf::index_t rows) {
    sf::index_t const left_stride = shape_.left_transposed ? shape_.rows : shape_.inner;
    auto const* left = left_.data() + (shape_.left_transposed ? first : first * left_stride);
    multiply(rows, shape_.columns, shape_.inner, sf::operand<float>{left, left_stride, shape_.left_transposed},
             sf::operand<float>{right_.data(), shape_.right_transposed ? shape_.inner : shape_.columns,
                                shape_.right_transposed},
             result_.data() + first * shape_.columns);
  }
  template <class Multiply>
  std::vector<float> const& compute(Multiply const& multiply) {
    compute_rows(multiply, 0, shape_.rows);
    return result_;
  }
  template <class Multiply>
  std::vector<float> const& compute_halves(Multiply const& multiply) {
    sf::index_t const half = shape_.rows / 2;
    compute_rows(multiply, 0, half);
    compute_rows(multiply, half, shape_.rows - half);
    return result_;
  }

 private:
  static std::vector<float> numbers(sf::index_t count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(i * 7919 % 1013) / 1013.0F - 0.5F;
    }
    return values;
  }

  product_shape shape_;
  std::vector<float> left_;
  std::vector<float> right_;
  std::vector<float> result_;
};

inline double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Seconds of a product in each of several repetitions, ascending.
template <class Multiply>
std::array<double, 9> sorted_seconds(product& work, int calls, Multiply const& multiply) {
  std::array<double, 9> seconds{};
  for (double& each : seconds) {
    double const start = thread_seconds();
    for (int i = 0; i < calls; ++i) { work.compute(multiply); }
    each = (thread_seconds() - start) / calls;
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

/// Prints a table.
/// @param multiply a product on the calling thread: (rows, columns, inner, left, right, result)
/// @param with_threads the same, by the number of threads that is its first argument
template <class Multiply, class WithThreads>
void print_rates(char const* library, Multiply const& multiply, WithThreads const& with_threads) {
  std::printf("%s\n\n| product | GFLOP/s, median | best | same bits in two halves | with 1 to 4 threads |\n", library);
  std::printf("| --- | ---: | ---: | --- | --- |\n");
  for (auto const& shape : product_shapes) {
    product work(shape);
    double const operations = 2.0 * static_cast<double>(shape.rows * shape.columns * shape.inner);
    auto const seconds = sorted_seconds(work, std::max(1, static_cast<int>(3e8 / operations)), multiply);
    auto const whole = work.compute(multiply);
    bool const halves = work.compute_halves(multiply) == whole;
    auto const on = [&](int threads) {
      return work.compute([&](auto const&... arguments) { with_threads(threads, arguments...); });
    };
    auto const one = on(1);
    bool const any = on(2) == one && on(3) == one && on(4) == one;
    std::printf("| %s | %.0f | %.0f | %s | %s |\n", shape.name, 1e-9 * operations / seconds[seconds.size() / 2],
                1e-9 * operations / seconds.front(), halves ? "yes" : "no", any ? "yes" : "no");
  }
}

}  // namespace bench
